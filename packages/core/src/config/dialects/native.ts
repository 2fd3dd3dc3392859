import { parse, TomlError } from 'smol-toml';

import { ConfigError } from '../issue.ts';
import type { Tree } from '../path.ts';
import { indexToml, type LineIndex } from '../toml-index.ts';
import { DIALECT_NAMES, detectDialect, isJsonText, type Dialect } from './detect.ts';

/** A config file as a tree in the shape of the native dialect, with the lines its values stand on. */
export interface ParsedFile {
  readonly dialect: Dialect;
  readonly tree: Tree;
  readonly index: LineIndex;
}

/** Throws `ConfigError` with file and line for a syntax error, and for a dialect that this version does not read. */
export function parseConfigText(text: string, file: string): ParsedFile {
  const isJson = isJsonText(text);
  const tree = isJson ? {} : parseToml(text, file);
  const dialect = detectDialect(tree, isJson);
  if (dialect !== 'native') {
    const message = `this looks like a config of ${DIALECT_NAMES[dialect]}, which is not yet supported in this version`;
    const suggestion = 'write [providers.models.<type>.<alias>] entries, see "standin providers show <slot>"';
    throw new ConfigError([{ level: 'error', file, line: 1, message, suggestion }]);
  }
  return { dialect, tree, index: indexToml(text) };
}

function parseToml(text: string, file: string): Tree {
  try {
    return parse(text.replace(/^\uFEFF/u, ''));
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // The first line of the parser's message is its reason; the rest quotes the file, which may hold a key.
    const reason = (cause.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    throw new ConfigError([
      { level: 'error', file, line: cause.line, message: `TOML syntax error in column ${cause.column}: ${reason}` },
    ]);
  }
}
