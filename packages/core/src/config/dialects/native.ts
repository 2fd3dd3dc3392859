import { parse, TomlError } from 'smol-toml';

import { ConfigError } from '../issue.ts';
import type { Tree } from '../path.ts';
import { indexToml, type LineIndex } from '../toml-index.ts';
import { detectDialect, isJsonText, type Dialect } from './detect.ts';
import { parseJson } from './json.ts';

/** A config file as it is written, in whichever dialect, with the lines its values stand on. */
export interface ParsedFile {
  readonly dialect: Dialect;
  readonly tree: Tree;
  readonly index: LineIndex;
}

/** Throws `ConfigError` with file and line for a syntax error. */
export function parseConfigText(text: string, file: string): ParsedFile {
  if (isJsonText(text)) return { dialect: 'zeptoclaw', ...parseJson(text, file) };
  const tree = parseToml(text, file);
  return { dialect: detectDialect(tree, false), tree, index: indexToml(text) };
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
