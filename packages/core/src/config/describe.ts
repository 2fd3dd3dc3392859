import { Secret } from '../spec/secret.ts';
import { SECRET_NAME } from './migrate/mask.ts';
import type { Config } from './model.ts';
import { formatPath, type ConfigPath } from './path.ts';
import { below, rootNode, type FieldNode } from './schema/walk.ts';
import { formatSource, type Source } from './source.ts';

/** One row of `config list`. */
export interface ConfigValue {
  readonly path: string;
  /** Secrets as `key:<fingerprint>`; lists and tables as they are, with secrets masked inside. */
  readonly value: unknown;
  readonly source: string;
  readonly secret: boolean;
}

/** Every value that is set, with where it comes from; with `defaults` also what holds where nothing is set. */
export function describeConfig(config: Config, options: { readonly defaults?: boolean } = {}): ConfigValue[] {
  const rows: ConfigValue[] = [];
  collect(config.document, rootNode, [], config, rows);
  for (const entry of config.entries.values()) {
    const path = ['providers', 'models', entry.type, entry.alias];
    if (entry.modelSource === 'build' || entry.modelSource === 'catalog') {
      const source = formatSource({ kind: entry.modelSource });
      rows.push({ path: formatPath([...path, 'model']), value: entry.model, source, secret: false });
    }
    const isWritten = entry.fields.api_key !== undefined || entry.fields.api_keys !== undefined;
    const [key] = entry.keys;
    if (!isWritten && key?.secret !== undefined && entry.keySource !== undefined && entry.keySource !== 'api_keys') {
      rows.push({
        path: formatPath([...path, 'api_key']),
        value: key.secret.toString(),
        source: entry.keySource,
        secret: true,
      });
    }
  }
  if (options.defaults === true) addDefaults(config, rows);
  return rows.toSorted((a, b) => compare(a.path, b.path));
}

/** The value at a path, as `describeConfig` shows it. */
export function describeValue(config: Config, path: string): ConfigValue | undefined {
  return describeConfig(config, { defaults: true }).find((row) => row.path === path);
}

function collect(value: unknown, node: FieldNode, path: ConfigPath, config: Config, rows: ConfigValue[]): void {
  const { shape } = node;
  if (
    (shape.type === 'object' || shape.type === 'record') &&
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value)
  ) {
    for (const [key, inner] of Object.entries(value)) {
      const next = below(node, key);
      if (inner !== undefined && next !== undefined) collect(inner, next, [...path, key], config, rows);
    }
    return;
  }
  if (Array.isArray(value) && shape.type === 'array' && shape.item.shape.type === 'object') {
    value.forEach((item, index) => collect(item, shape.item, [...path, String(index)], config, rows));
    return;
  }
  const source = sourceOf(value, path, config);
  rows.push({
    path: formatPath(path),
    value: masked(value, path),
    source: formatSource(source),
    secret: node.meta.secret === true,
  });
}

/** A list names the variables of all its items. */
function sourceOf(value: unknown, path: ConfigPath, config: Config): Source {
  const source: Source = config.sources.get(path) ?? { kind: 'default' };
  if (source.kind !== 'file' || !Array.isArray(value)) return source;
  const variables = value.flatMap((_item, index) => {
    const item = config.sources.get([...path, String(index)]);
    return item?.kind === 'file' ? (item.variables ?? []) : [];
  });
  return variables.length === 0 ? source : { ...source, variables };
}

function masked(value: unknown, path: ConfigPath): unknown {
  if (value instanceof Secret) return value.toString();
  if (Array.isArray(value)) return value.map((item) => masked(item, path));
  const name = path.at(-1) ?? '';
  if (typeof value === 'object' && value !== null && !(value instanceof Date))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner, [...path, key])]));
  if (typeof value !== 'string') return value;
  // What vendors take in `provider_extra` may be a key too; nothing but its name tells.
  if (path.includes('provider_extra') && SECRET_NAME.test(name)) return new Secret(value).toString();
  return name === 'uri' ? maskUri(value) : value;
}

/** A query may carry a key, and so may the part before `@`. */
export function maskUri(uri: string): string {
  return uri.replace(/\/\/[^/?#]*@/, '//…@').replace(/([?&][^=&#]+)=[^&#]*/g, '$1=…');
}

/** Fixed sections only: entries and agents have no default values of their own. */
function addDefaults(config: Config, rows: ConfigValue[]): void {
  const set = new Set(rows.map((row) => row.path));
  const document: Readonly<Record<string, unknown>> = config.document;
  for (const section of ['reliability', 'gateway']) {
    const node = below(rootNode, section);
    if (node?.shape.type !== 'object') continue;
    for (const [name, field] of Object.entries(node.shape.fields)) {
      const path = `${section}.${name}`;
      if (field.meta.defaultText === undefined || set.has(path)) continue;
      const value = typedDefault(field);
      if (document[section] === undefined || !set.has(path))
        rows.push({ path, value, source: 'default', secret: false });
    }
  }
}

function typedDefault(field: FieldNode): unknown {
  const text = field.meta.defaultText ?? '';
  if (field.shape.type === 'boolean') return text === 'true';
  return field.shape.type === 'integer' || field.shape.type === 'number' ? Number(text) : text;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
