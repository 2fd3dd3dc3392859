import type { IssueList } from './issue.ts';
import { parsePath, setAt, type Tree } from './path.ts';
import { nodeAt } from './schema/walk.ts';
import type { SourceMap } from './source.ts';
import { typedValue } from './typed-value.ts';

/** A command flag that stands for a config value: `{ path: 'gateway.port', value: '0', name: '--port' }`. */
export interface FlagOverride {
  readonly path: string;
  /** Text is typed by the field, as a variable's would be. */
  readonly value: unknown;
  readonly name: string;
}

export function applyFlags(tree: Tree, flags: readonly FlagOverride[], sources: SourceMap, issues: IssueList): void {
  for (const flag of flags) {
    const path = parsePath(flag.path);
    const node = nodeAt(path);
    if (node === undefined) throw new TypeError(`no config path ${flag.path}`);
    const typed = typeof flag.value === 'string' ? typedValue(flag.value, node) : { value: flag.value };
    if ('expected' in typed) {
      issues.add({ level: 'error', path: flag.path, message: `${flag.name} must be ${typed.expected}` });
      continue;
    }
    sources.clear(path);
    setAt(tree, path, typed.value);
    sources.set(path, { kind: 'flag', name: flag.name });
  }
}
