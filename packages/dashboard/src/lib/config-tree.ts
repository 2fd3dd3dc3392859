import type { ConfigAnswer, ConfigValue, SchemaNode } from '../api/config-types.ts';
import { formatPath, isBelow, parsePath } from './config-path.ts';

/** The node of the schema at a path; `undefined`: there is none. */
export function nodeAt(root: SchemaNode, segments: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const segment of segments) {
    if (node === undefined) return undefined;
    if (node.type === 'object') node = node.fields?.[segment];
    else if (node.type === 'record') node = node.value;
    else if (node.type === 'array' && /^\d+$/.test(segment)) node = node.item;
    else return undefined;
  }
  return node;
}

export interface TreeGroup {
  readonly title: string;
  /** Where the group itself is shown. */
  readonly segments: readonly string[];
  readonly items: readonly { readonly text: string; readonly segments: readonly string[] }[];
}

/** Fixed sections in the order in which people need them. Those that belong to another program are left out. */
const SECTIONS = ['model_routes', 'reliability', 'budgets', 'gateway', 'ledger'];

/** The section tree: entries by slot, agents, fixed sections, and whatever else the schema has. */
export function treeOf(config: ConfigAnswer, root: SchemaNode): TreeGroup[] {
  const entries = aliasesOf(config, ['providers', 'models'], 4);
  const agents = aliasesOf(config, ['agents'], 2);
  const fields = Object.entries(root.fields ?? {});
  const known = new Set(['providers', 'agents', 'schema_version', ...SECTIONS]);
  const others = fields
    .filter(([name, node]) => !known.has(name) && node.foreign !== true && isTable(node))
    .map(([name]) => name);
  const foreign = fields
    .filter(
      ([name, node]) => node.foreign === true && config.values.some((value) => value.set && isBelow(value.path, name)),
    )
    .map(([name]) => name);
  const sections = [...SECTIONS.filter((name) => root.fields?.[name] !== undefined), ...others];
  return [
    {
      title: 'Model entries',
      segments: ['providers', 'models'],
      items: entries.map((segments) => ({ text: segments.slice(2).join('.'), segments })),
    },
    { title: 'Agents', segments: ['agents'], items: agents.map((segments) => ({ text: segments[1] ?? '', segments })) },
    { title: 'Settings', segments: [], items: sections.map((name) => ({ text: name, segments: [name] })) },
    ...(foreign.length === 0
      ? []
      : [
          {
            title: 'Of other programs',
            segments: [],
            items: foreign.map((name) => ({ text: name, segments: [name] })),
          },
        ]),
  ];
}

const isTable = (node: SchemaNode): boolean =>
  node.type === 'object' || node.type === 'record' || node.type === 'array';

/** Aliases that exist, by the sections the gateway lists and by the values that are set. */
export function aliasesOf(config: ConfigAnswer, prefix: readonly string[], length: number): string[][] {
  const found = new Map<string, string[]>();
  const paths = [...config.sections.map(({ path }) => path), ...config.values.map(({ path }) => path)];
  for (const path of paths) {
    const segments = parsePath(path)?.slice(0, length);
    if (segments === undefined || segments.length < length) continue;
    if (prefix.every((part, index) => segments[index] === part)) found.set(formatPath(segments), segments);
  }
  return [...found.values()].toSorted((a, b) => (formatPath(a) < formatPath(b) ? -1 : 1));
}

export function valuesBelow(config: ConfigAnswer, segments: readonly string[]): ConfigValue[] {
  const parent = formatPath(segments);
  return config.values.filter(({ path }) => isBelow(path, parent));
}

/** Which fields stand open: those that are set, and those most people look for. */
const USUAL: readonly string[] = [
  'model',
  'api_key',
  'uri',
  'fallback_models',
  'fallback',
  'timeout_secs',
  'max_tokens',
];

export interface FieldGroups {
  readonly open: readonly string[];
  readonly more: readonly string[];
}

export function groupFields(node: SchemaNode, isSet: (name: string) => boolean): FieldGroups {
  const names = Object.entries(node.fields ?? {})
    .filter(([name, field]) => field.foreign !== true || isSet(name))
    .map(([name]) => name);
  if (names.length <= 20) return { open: names, more: [] };
  // One key or several: the form in use is enough.
  const open = names.filter(
    (name) => isSet(name) || (USUAL.includes(name) && !(name === 'api_key' && isSet('api_keys'))),
  );
  const order = (name: string): number => {
    const place = USUAL.indexOf(name === 'api_keys' ? 'api_key' : name);
    return place < 0 ? USUAL.length : place;
  };
  return { open: open.toSorted((a, b) => order(a) - order(b)), more: names.filter((name) => !open.includes(name)) };
}
