import { pathKey, type ConfigPath } from './path.ts';

/** Where a value comes from, as `config list` shows it. */
export type Source =
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'file'; readonly file: string; readonly line?: number; readonly variables?: readonly string[] }
  | { readonly kind: 'build' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'default' };

export function formatSource(source: Source): string {
  switch (source.kind) {
    case 'flag':
    case 'variable':
      return source.name;
    case 'file': {
      const through =
        source.variables === undefined ? '' : ` (${source.variables.map((name) => `\${${name}}`).join(', ')})`;
      return `${source.file}${source.line === undefined ? '' : `:${source.line}`}${through}`;
    }
    case 'build':
      return 'build default';
    case 'catalog':
      return 'catalog';
    case 'default':
      return 'default';
  }
}

/** Sources by path; a path without its own has that of its nearest parent. */
export class SourceMap {
  readonly #sources = new Map<string, Source>();

  set(path: ConfigPath, source: Source): void {
    this.#sources.set(pathKey(path), source);
  }

  get(path: ConfigPath): Source | undefined {
    for (let length = path.length; length > 0; length--) {
      const source = this.#sources.get(pathKey(path.slice(0, length)));
      if (source !== undefined) return source;
    }
    return undefined;
  }

  /** True when the value at this path, or a parent of it, was put there from outside the file. */
  isOverride(path: ConfigPath): boolean {
    const kind = this.get(path)?.kind;
    return kind === 'variable' || kind === 'flag';
  }

  /** Forgets a path and everything below it. */
  clear(path: ConfigPath): void {
    const key = pathKey(path);
    for (const known of this.#sources.keys()) {
      if (known === key || known.startsWith(`${key}\u0000`)) this.#sources.delete(known);
    }
  }
}
