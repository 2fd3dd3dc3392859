import { isTree, type Tree } from '../path.ts';
import { isUnaliased } from './v2.ts';

/** `native` is Standin's own and ZeroClaw v3's; the others are read into it. */
export type Dialect = 'native' | 'zeroclaw-v1' | 'fallback-guide' | 'zeroclaw-v2' | 'zeptoclaw';

export const DIALECT_NAMES: Readonly<Record<Dialect, string>> = {
  native: 'Standin or ZeroClaw v3 (TOML)',
  'zeroclaw-v1': 'ZeroClaw v1 (TOML)',
  'fallback-guide': 'the ZeroClaw fallback guide (TOML)',
  'zeroclaw-v2': 'ZeroClaw schema_version 2 (TOML)',
  zeptoclaw: 'ZeptoClaw (JSON)',
};

/** JSON is told by its first character; TOML cannot begin a document with `{`. */
export function isJsonText(text: string): boolean {
  return /^[\s\uFEFF]*\{/u.test(text);
}

const V1_KEYS = [
  'default_provider',
  'default_model',
  'model_providers',
  'model_provider',
  'model',
  'api_key',
  'api_url',
  'api_path',
  'default_temperature',
  'provider_timeout_secs',
  'provider_max_tokens',
  'extra_headers',
];

/** Tells the dialects apart by content. */
export function detectDialect(tree: Tree, isJson: boolean): Dialect {
  if (isJson) return 'zeptoclaw';
  const { providers } = tree;
  const version = tree['schema_version'];
  if (isTree(providers) && isTree(providers['models'])) {
    return isUnaliased(providers['models']) ? 'zeroclaw-v2' : 'native';
  }
  if (isTree(providers) && Object.values(providers).some((value) => Array.isArray(value))) return 'fallback-guide';
  if (typeof version === 'number' && version >= 3) return 'native';
  if (!hasV1Traits(tree)) return 'native';
  return isTree(providers) && Object.keys(providers).length > 0 ? 'fallback-guide' : 'zeroclaw-v1';
}

function hasV1Traits(tree: Tree): boolean {
  // A misspelt `defualt_provider` is still meant for v1.
  if (Object.keys(tree).some((key) => V1_KEYS.includes(key) || /^de\w{3,6}_(provider|model)s?$/i.test(key)))
    return true;
  const { agents } = tree;
  return isTree(agents) && Object.values(agents).some((agent) => isTree(agent) && Object.hasOwn(agent, 'provider'));
}
