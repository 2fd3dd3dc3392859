import { describe, expect, it } from 'vitest';
import { isListPath, setToml } from '@standin/core/config/edit/index';
import { seal } from '@standin/core/config/secrets/index';
import { loadConfigText, type LoadOptions } from '@standin/core/config/load';
import { formatPath, valueAt } from '@standin/core/config/path';
import { below, rootNode, type FieldNode } from '@standin/core/config/schema/walk';
import { Secret } from '@standin/core/spec/secret';
import { formatSource } from '@standin/core/config/source';

const BASE = `schema_version = 3

[providers.models.custom.home]
uri = "http://127.0.0.1:9/v1"
model = "m"

[agents.default]
model_provider = "custom.home"

[[model_routes]]
hint = "fast"
model_provider = "custom.home"
`;

interface Row {
  readonly path: readonly string[];
  readonly node: FieldNode;
}

/** Names that stand for the user's own in the paths of records. */
const NAMES: Readonly<Record<string, string>> = {
  'providers.models': 'custom',
  'providers.models.custom': 'home',
  agents: 'default',
};

/** Every place of the schema that holds a value and has a meaning. */
function rows(node: FieldNode = rootNode, path: readonly string[] = []): Row[] {
  const { shape, meta } = node;
  if (meta.effect === 'none' || path.join('.') === 'schema_version') return [];
  if (shape.type === 'object') {
    return Object.keys(shape.fields).flatMap((name) => rows(below(node, name), [...path, name]));
  }
  if (shape.type === 'record') {
    const name = NAMES[path.join('.')] ?? 'own-name';
    return rows(below(node, name), [...path, name]);
  }
  if (shape.type === 'array' && shape.item.shape.type === 'object') return rows(below(node, '0'), [...path, '0']);
  return [{ path, node }];
}

/** A value of the field's type, and the same as the text of a variable. */
function sample({ path, node }: Row): { value: unknown; text: string } | undefined {
  const { shape } = node;
  const name = path.at(-1) ?? '';
  if (['model_provider', 'provider'].includes(name) && path[0] !== 'providers')
    return { value: 'custom.home', text: 'custom.home' };
  switch (shape.type) {
    case 'boolean':
      return { value: true, text: 'true' };
    case 'integer':
      return { value: 2, text: '2' };
    case 'number':
      return { value: 1.5, text: '1.5' };
    case 'enum':
      return { value: shape.values[0], text: shape.values[0] ?? '' };
    case 'string':
      return name === 'uri'
        ? { value: 'http://127.0.0.1:8/v1', text: 'http://127.0.0.1:8/v1' }
        : { value: 'text', text: 'text' };
    case 'array':
      if (shape.item.shape.type === 'enum')
        return { value: shape.item.shape.values, text: shape.item.shape.values.join(',') };
      return { value: ['one', 'two'], text: 'one,two' };
    case 'table':
      return { value: { a: 1 }, text: '{"a":1}' };
    case 'json':
      return { value: 1, text: '1' };
    default:
      return undefined;
  }
}

const plain = (value: unknown): unknown => {
  if (value instanceof Secret) return value.reveal();
  return Array.isArray(value) ? value.map(plain) : value;
};

const key = Buffer.alloc(32, 9);
const options: LoadOptions = {
  env: {},
  secrets: { open: (text) => ({ value: text.startsWith('enc2:') ? 'text' : text }), prefetch: async () => {} },
};

const table = rows().map((row): [string, Row] => [formatPath(row.path), row]);

describe('every config path', () => {
  it('is in the table', () => {
    expect(table.length).toBeGreaterThan(70);
  });

  it.each(table)('%s is set by an edit of the file and read back with its line', (_shown, row) => {
    const given = sample(row);
    const isSecret = row.node.meta.secret === true && row.node.shape.type === 'string';
    const text = setToml(BASE, row.path, isSecret ? seal('text', key) : given?.value, { isList: isListPath });
    const config = loadConfigText(text, 'standin.toml', options);
    const wanted = row.node.shape.type === 'json' ? plain(valueAt(config.document, row.path)) : given?.value;
    expect(plain(valueAt(config.document, row.path))).toEqual(wanted);
    const line =
      text
        .split('\n')
        .findIndex((one) => !BASE.split('\n').includes(one) && one.trim() !== '' && !one.startsWith('[')) + 1;
    const source = config.sources.get(row.path);
    expect(source === undefined ? '' : formatSource(source)).toMatch(/^standin\.toml:\d+$/);
    if (line > 0) expect(source).toMatchObject({ line });
    expect(config.report.errors.filter(({ message }) => /unknown|expected/.test(message))).toEqual([]);
  });

  it.each(table.filter(([, row]) => row.path.every((segment) => /^\w+$/.test(segment))))(
    '%s is set by a variable and read back with its name',
    (_shown, row) => {
      const name = `STANDIN_${row.path.join('__')}`;
      const config = loadConfigText(BASE, 'standin.toml', { ...options, env: { [name]: sample(row)?.text } });
      expect(plain(valueAt(config.document, row.path))).toEqual(
        row.node.shape.type === 'json' ? plain(valueAt(config.document, row.path)) : sample(row)?.value,
      );
      const source = config.sources.get(row.path);
      expect(source === undefined ? '' : formatSource(source)).toBe(name);
    },
  );
});
