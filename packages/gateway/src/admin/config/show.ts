import { hash } from 'node:crypto';
import { parseConfigText } from '@standin/core/config/dialects/native';
import { describeConfig, type ConfigValue } from '@standin/core/config/describe';
import { unifiedDiff } from '@standin/core/config/migrate/diff';
import { maskSecrets } from '@standin/core/config/migrate/mask';
import type { Issue } from '@standin/core/config/issue';
import type { Config } from '@standin/core/config/model';
import { formatPath, isTree, parsePath, type Tree } from '@standin/core/config/path';
import { nodeAt, rootNode, type FieldNode } from '@standin/core/config/schema/walk';
import { formatSource } from '@standin/core/config/source';
import type { JsonObject, JsonValue } from '@standin/core/spec/json';
import type { ConfigEditor } from './editor.ts';

/** What tells two texts of a file apart. */
export function hashOf(text: string): string {
  return `sha256-${hash('sha256', text, 'base64url')}`;
}

/** A unified diff of two texts of a config, with everything masked that is or may be a secret. */
export function maskedDiff(before: string, after: string, name: string): string {
  const trees = [before, after].flatMap(treeOf);
  const unknown = trees.flatMap((tree) => unknownValues(tree, []));
  const show = (text: string): string => maskSecrets(text, trees, unknown);
  return unifiedDiff(show(before), show(after), name, name);
}

function treeOf(text: string): Tree[] {
  try {
    return [parseConfigText(text, 'config.toml').tree];
  } catch {
    return [];
  }
}

/** What stands at keys the schema does not know may be a misspelt `api_key`. */
function unknownValues(value: unknown, path: readonly string[]): unknown[] {
  if (path.length > 0 && nodeAt(path) === undefined) return [value];
  if (isTree(value)) return Object.entries(value).flatMap(([name, item]) => unknownValues(item, [...path, name]));
  if (Array.isArray(value)) return value.flatMap((item, index) => unknownValues(item, [...path, String(index)]));
  return [];
}

export function shownIssue({ level, path, line, message, suggestion }: Issue): JsonObject {
  const at = path === undefined || path === '' ? null : path;
  return { level, path: at, line: line ?? null, message, suggestion: suggestion ?? null };
}

/** The answer of `GET /api/config`. `refused`: why the newer file on disk is not the one in force. */
export function shownConfig(config: Config, editor: ConfigEditor, refused: string | null): JsonObject {
  const { file, text, notEditable } = editor.read();
  const { errors, warnings } = config.report;
  return {
    file: file ?? null,
    editable: notEditable === undefined,
    notEditable: notEditable ?? null,
    hash: hashOf(text),
    dialect: config.dialect,
    refused,
    sections: sectionsOf(config),
    values: valuesOf(config),
    issues: [...errors, ...warnings].map(shownIssue),
    history: editor.history?.list().length ?? 0,
  };
}

/** The answer of `GET /api/config/history`. */
export function shownHistory(editor: ConfigEditor): JsonObject[] {
  const { file = '', text: content } = editor.read();
  const list = editor.history?.list() ?? [];
  // What a later edit began with is what this one ended with.
  const afterOf = (index: number): string | undefined => (index === 0 ? content : list[index - 1]?.before);
  return list.map(({ id, at, summary, before, after }, index) => {
    const next = afterOf(index) ?? '';
    const isKnown = hashOf(next) === after;
    const diff = isKnown ? maskedDiff(before, next, file) : '';
    return { id, at, summary: [...summary], diff, undoable: index === 0 && isKnown };
  });
}

/** Every place that has a page: entries, agents and the fixed sections. */
export function sectionsOf(config: Config): JsonObject[] {
  const entries = [...config.entries.values()].map(({ type, alias }) => ({
    path: formatPath(['providers', 'models', type, alias]),
    kind: 'entry',
  }));
  const agents = [...config.agents.keys()].map((alias) => ({ path: formatPath(['agents', alias]), kind: 'agent' }));
  const { shape } = rootNode;
  const fixed =
    shape.type === 'object'
      ? Object.entries(shape.fields)
          .filter(([name, node]) => node.meta.effect === undefined && !OWN_PAGES.has(name))
          .map(([path]) => ({ path, kind: 'section' }))
      : [];
  return [...entries, ...agents, ...fixed];
}

const OWN_PAGES = new Set(['schema_version', 'providers', 'agents']);

/** Every value with where it comes from; of secrets only that they are set, and their fingerprints. */
export function valuesOf(config: Config): JsonObject[] {
  return describeConfig(config, { defaults: true }).map((row) => {
    const path = parsePath(row.path);
    const source = sourceOf(row, path, config);
    const common = {
      path: row.path,
      source,
      secret: row.secret,
      set: source['kind'] !== 'default',
      overridden: config.sources.isOverride(path),
    };
    if (!row.secret) return { ...common, value: plainValue(row.value) };
    const fingerprints = [...JSON.stringify(row.value ?? '').matchAll(/key:([0-9a-f]{8})/g)].map(
      ([, one]) => one ?? '',
    );
    return { ...common, value: null, fingerprints };
  });
}

function plainValue(value: unknown): JsonValue {
  return (JSON.parse(JSON.stringify(value ?? null)) ?? null) as JsonValue;
}

function sourceOf(row: ConfigValue, path: readonly string[], config: Config): JsonObject {
  const nothing = { line: null, name: null, variables: [] };
  if (row.source === 'default' || row.source === 'catalog') return { kind: row.source, ...nothing };
  if (row.source === 'build default') return { kind: 'build', ...nothing };
  const source = config.sources.get(path);
  // The nearest parent's source is not the value's own where the value came from elsewhere.
  if (source?.kind === 'file' && row.source.startsWith(formatSource({ ...source, variables: undefined }))) {
    const variables = [...row.source.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? '');
    return { kind: 'file', line: source.line ?? null, name: null, variables };
  }
  return { ...nothing, kind: row.source.startsWith('--') ? 'flag' : 'variable', name: row.source };
}

/** The schema as a form needs it. */
export function shownNode({ shape, meta }: FieldNode): JsonObject {
  const { description, defaultText, example, secret, effect } = meta;
  const notes = {
    ...(description === undefined ? {} : { description }),
    ...(defaultText === undefined ? {} : { default: defaultText }),
    ...(example === undefined ? {} : { example }),
    ...(secret === true ? { secret: true } : {}),
    ...(effect === 'none' ? { foreign: true } : {}),
  };
  switch (shape.type) {
    case 'object': {
      const fields = Object.entries(shape.fields).filter(([, node]) => node.meta.effect !== 'none');
      return {
        type: 'object',
        fields: Object.fromEntries(fields.map(([name, node]) => [name, shownNode(node)])),
        ...notes,
      };
    }
    case 'record':
      return { type: 'record', value: shownNode(shape.value), ...notes };
    case 'array':
      return { type: 'array', item: shownNode(shape.item), ...notes };
    case 'enum':
      return { type: 'enum', values: [...shape.values], ...notes };
    default:
      return { type: shape.type, ...notes };
  }
}
