import { formatPath, isTree, valueAt, type ConfigPath } from '@standin/core/config/path';
import { formatSource } from '@standin/core/config/source';
import { Secret } from '@standin/core/spec/secret';
import type { Config, ConfigEntry } from '@standin/core/config/model';

/** One line of `config list`. `value` never holds a secret. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
  readonly secret: boolean;
  readonly source: string;
}

const isLeaf = (value: unknown): boolean =>
  value instanceof Secret || !(isTree(value) || (Array.isArray(value) && value.some((item) => isTree(item))));

const hasSecret = (value: unknown): boolean =>
  value instanceof Secret || (Array.isArray(value) && value.some(hasSecret));

/** Secrets become their fingerprints, at any depth. */
export function masked(value: unknown): unknown {
  if (value instanceof Secret) return value.toString();
  if (Array.isArray(value)) return value.map(masked);
  if (isTree(value)) return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, masked(child)]));
  return value;
}

function collect(config: Config, value: unknown, path: readonly string[], into: Setting[]): void {
  if (value === undefined) return;
  if (path.length > 0 && isLeaf(value)) {
    const source = config.sources.get(path);
    const from = source === undefined ? 'default' : formatSource(source);
    into.push({ path: formatPath(path), value: masked(value), secret: hasSecret(value), source: from });
    return;
  }
  const children: [string, unknown][] = Array.isArray(value)
    ? value.map((item, i) => [String(i), item])
    : Object.entries(value as object);
  for (const [name, child] of children) collect(config, child, [...path, name], into);
}

/** What an entry got from elsewhere than the file: the vendor's key variable, the model of the build or the catalog. */
function derived(entry: ConfigEntry): Setting[] {
  const base: ConfigPath = ['providers', 'models', entry.type, entry.alias];
  const found: Setting[] = [];
  const keys = entry.keys.flatMap((key) => (key.secret === undefined ? [] : [key.secret.toString()]));
  if (entry.fields.api_key === undefined && entry.fields.api_keys === undefined && keys.length > 0) {
    const source = entry.keySource ?? 'catalog';
    found.push({ path: formatPath([...base, 'api_key']), value: keys[0], secret: true, source });
  }
  if (entry.fields.model === undefined && entry.model !== undefined) {
    const source = entry.modelSource === 'build' ? 'build default' : entry.modelSource;
    found.push({ path: formatPath([...base, 'model']), value: entry.model, secret: false, source });
  }
  return found;
}

/** Every value that is in force, in the order of the config. */
export function settingsOf(config: Config): Setting[] {
  const settings: Setting[] = [];
  collect(config, config.document, [], settings);
  for (const entry of config.entries.values()) settings.push(...derived(entry));
  const seen = new Set<string>();
  return settings.filter(({ path }) => !seen.has(path) && seen.add(path));
}

/** A value as `config get` and `config list` print it. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(masked(value));
}

export function settingAt(config: Config, path: ConfigPath): unknown {
  return valueAt(config.document, path);
}
