import { isTree, type Tree } from '../path.ts';

/** `native` is Standin's own and ZeroClaw v3's; the others are read by later versions. */
export type Dialect = 'native' | 'zeroclaw-v1' | 'fallback-guide' | 'zeptoclaw';

export const DIALECT_NAMES: Readonly<Record<Dialect, string>> = {
  native: 'Standin or ZeroClaw v3 (TOML)',
  'zeroclaw-v1': 'ZeroClaw v1 (TOML)',
  'fallback-guide': 'the ZeroClaw fallback guide (TOML)',
  zeptoclaw: 'ZeptoClaw (JSON)',
};

/** JSON is told by its first character; TOML cannot begin a document with `{`. */
export function isJsonText(text: string): boolean {
  return /^[\s\uFEFF]*\{/u.test(text);
}

const V1_KEYS = ['default_provider', 'default_model', 'model_providers', 'api_key', 'api_url', 'default_temperature'];

/** Tells the four dialects apart by content. */
export function detectDialect(tree: Tree, isJson: boolean): Dialect {
  if (isJson) return 'zeptoclaw';
  const { providers } = tree;
  if (isTree(providers)) {
    if (isTree(providers['models'])) return 'native';
    if (Object.values(providers).some((value) => Array.isArray(value))) return 'fallback-guide';
  }
  const version = tree['schema_version'];
  if (typeof version === 'number' && version >= 3) return 'native';
  return V1_KEYS.some((key) => Object.hasOwn(tree, key)) ? 'zeroclaw-v1' : 'native';
}
