import { describe, expect, it } from 'vitest';

import { describeConfig } from '../../src/config/describe.ts';
import { formatKey, formatValue } from '../../src/config/edit/toml-format.ts';
import { setToml } from '../../src/config/edit/toml-edit.ts';
import { loadConfigText } from '../../src/config/load.ts';
import { formatPath } from '../../src/config/path.ts';
import { rootNode, type FieldNode } from '../../src/config/schema/walk.ts';

interface Leaf {
  readonly path: readonly string[];
  readonly node: FieldNode;
}

/** Every place of the schema that holds a value, with names of our own where the user chooses them. */
function leaves(node: FieldNode, path: readonly string[]): Leaf[] {
  const { shape, meta } = node;
  if (meta.effect === 'none') return [];
  if (shape.type === 'object')
    return Object.entries(shape.fields).flatMap(([name, field]) => leaves(field, [...path, name]));
  if (shape.type === 'record')
    return leaves({ shape: shape.value.shape, meta: { ...meta, ...shape.value.meta } }, [
      ...path,
      NAMES[path.length] ?? 'mine',
    ]);
  if (shape.type === 'array' && shape.item.shape.type === 'object') return leaves(shape.item, [...path, '0']);
  return [{ path, node }];
}

/** `providers.models.<type>`: a slot that exists; elsewhere any name. */
const NAMES: Readonly<Record<number, string>> = { 2: 'openai', 3: 'main' };

/** A value of the field's type, and the text a variable would hold for it. */
function sample({ path, node }: Leaf): { readonly value: unknown; readonly text: string } {
  const { shape } = node;
  const plain = (value: unknown) => ({ value, text: String(value) });
  switch (shape.type) {
    case 'boolean':
      return plain(true);
    case 'integer':
    case 'number':
      return plain(path.at(-1) === 'port' ? 8080 : 2);
    case 'enum':
      return plain(shape.values.at(-1));
    case 'array':
      if (shape.item.shape.type === 'enum')
        return { value: shape.item.shape.values, text: shape.item.shape.values.join(', ') };
      return { value: ['first', 'second'], text: 'first, second' };
    case 'table':
      return { value: { a: { b: [1, 'x'] } }, text: '{"a": {"b": [1, "x"]}}' };
    case 'json':
      return plain(3);
    default:
      return plain(path.at(-1) === 'uri' ? 'http://127.0.0.1:9/v1' : 'sample');
  }
}

const all = leaves(rootNode, []).filter(({ path }) => path[0] !== 'schema_version');
const shown = (value: unknown): string => JSON.stringify(value);

/** A file with one value; the line of its key. */
function fileWith(path: readonly string[], value: unknown): { text: string; line: number } {
  const isItem = /^\d+$/.test(path.at(-2) ?? '');
  const header = isItem
    ? `[[${path.slice(0, -2).map(formatKey).join('.')}]]`
    : `[${path.slice(0, -1).map(formatKey).join('.')}]`;
  const hint = isItem && path.at(-1) !== 'hint' ? 'hint = "h"\n' : '';
  const text = `${header}\n${hint}${formatKey(path.at(-1) ?? '')} = ${formatValue(value)}\n`;
  return { text, line: hint === '' ? 2 : 3 };
}

const load = (text: string, env: Record<string, string> = {}) =>
  loadConfigText(text, 'standin.toml', { env: { HOME: '/nowhere', ...env }, build: {} });

const row = (config: ReturnType<typeof load>, path: readonly string[]) => {
  const name = formatPath(path);
  const rows = describeConfig(config);
  // A table of free JSON may be shown as one value or by its inner paths.
  return rows.find((one) => one.path === name) ?? rows.find((one) => one.path.startsWith(`${name}.`));
};

describe('every path of the schema', () => {
  it('is found: the table is not empty', () => {
    expect(all.length).toBeGreaterThan(60);
    expect(all.map(({ path }) => formatPath(path))).toContain('providers.models.openai.main.api_key');
  });

  it.each(all.map((leaf) => [formatPath(leaf.path), leaf] as const))('%s is set by the file', (_name, leaf) => {
    const { value } = sample(leaf);
    const { text, line } = fileWith(leaf.path, value);
    const found = row(load(text), leaf.path);
    expect(found?.source).toBe(`standin.toml:${line}`);
    if (leaf.node.meta.secret === true) expect(found?.secret).toBe(true);
    else expect(shown(found?.value)).toBe(shown(value));
  });

  it.each(all.map((leaf) => [formatPath(leaf.path), leaf] as const))('%s is set by a variable', (_name, leaf) => {
    const { value, text } = sample(leaf);
    const tail = leaf.path.join('__');
    const isRoute = leaf.path[0] === 'model_routes';
    const file = isRoute ? '[[model_routes]]\nhint = "h"\n' : '';
    for (const prefix of ['STANDIN_', 'ZEROCLAW_']) {
      const config = load(file, { [prefix + tail]: text });
      const found = row(config, leaf.path);
      expect(found?.source).toBe(prefix + tail);
      if (leaf.node.meta.secret === true) expect(shown(found?.value)).not.toContain('sample');
      else expect(shown(found?.value)).toBe(shown(value));
    }
    const both = load(file, { [`ZEROCLAW_${tail}`]: text, [`STANDIN_${tail}`]: text });
    expect(row(both, leaf.path)?.source).toBe(`STANDIN_${tail}`);
  });

  it.each(
    all
      .filter(({ node, path }) => node.meta.secret !== true && path[0] !== 'model_routes')
      .map((leaf) => [formatPath(leaf.path), leaf] as const),
  )('%s is set by the command', (_name, leaf) => {
    const { value } = sample(leaf);
    const text = setToml('# mine\n[gateway]\nworkers = 1\n', leaf.path, value);
    expect(text).toContain('# mine\n');
    const found = row(load(text), leaf.path);
    expect(shown(found?.value)).toBe(shown(value));
    expect(found?.source).toMatch(/^standin\.toml:\d+$/);
  });
});
