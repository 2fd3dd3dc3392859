import type { Change } from '@standin/dashboard/api/config-types';
import { describeShape } from '@standin/core/config/typed-value';
import { formatPath } from '@standin/core/config/path';
import type { FieldNode } from '@standin/core/config/schema/walk';
import type { Compose, Question } from './dialog.ts';
import { plainText, type Field, type Place, type Values } from './tree.ts';

/** What is asked for one edit, and what it becomes. */
export interface Edit {
  readonly title: string;
  readonly notes: readonly string[];
  readonly questions: readonly Question[];
  readonly compose: Compose;
}

const choicesOf = ({ shape }: FieldNode): readonly string[] | undefined =>
  shape.type === 'boolean' ? ['true', 'false'] : shape.type === 'enum' ? shape.values : undefined;

/** Typed text → what is sent; the gateway makes the field's type of it. Several secrets stand between commas. */
function valueOf(text: string, { shape, meta }: FieldNode): unknown {
  if (meta.secret === true && shape.type === 'array')
    return text
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean);
  return shape.type === 'string' ? text : text.trim();
}

function questionOf(name: string, node: FieldNode, preset?: string): Question {
  const { meta, shape } = node;
  const isSecret = meta.secret === true;
  const example = meta.example === undefined ? '' : ` Example: ${meta.example}.`;
  const wanted = isSecret
    ? `${shape.type === 'array' ? 'Secrets, commas between them' : 'A secret'}: never shown, stored encrypted; \${NAME} and op://… are stored as they are.`
    : `${describeShape(node).replace(/^./, (first) => first.toUpperCase())}.${example}`;
  const choices = choicesOf(node);
  return {
    name,
    hint: choices === undefined ? wanted : meta.description,
    ...(preset === undefined ? {} : { preset }),
    ...(choices === undefined ? {} : { choices }),
    ...(isSecret ? { secret: true } : {}),
  };
}

export function editOf({ name, path, node, value }: Field): Edit {
  const shown = formatPath(path);
  const isSecret = node.meta.secret === true;
  const preset = isSecret || value === undefined || value.value === null ? undefined : plainText(value.value);
  const variables = value?.source.variables ?? [];
  const notes = [node.meta.description ?? ''];
  if (variables.length > 0)
    notes.push(`It comes through ${variables.map((one) => `\${${one}}`).join(', ')}; what you write takes its place.`);
  if (value?.overridden === true)
    notes.push(`${value.source.name ?? 'Something outside the file'} is set and wins over what you write here.`);
  return {
    title: shown,
    notes: notes.filter((note) => note !== ''),
    questions: [questionOf(name, node, preset)],
    compose(answers) {
      const text = answers[name] ?? '';
      if (text.trim() === '') return 'nothing is typed (Esc, then d removes a value).';
      return [{ op: 'set', path: shown, value: valueOf(text, node) }];
    },
  };
}

export function removalOf(path: readonly string[]): Edit {
  const shown = formatPath(path);
  return { title: `Remove ${shown}`, notes: [], questions: [], compose: () => [{ op: 'unset', path: shown }] };
}

export function renamingOf(path: readonly string[]): Edit {
  const shown = formatPath(path);
  return {
    title: `Rename ${shown}`,
    notes: ['Every reference to it follows.'],
    questions: [{ name: 'new alias', preset: path.at(-1) ?? '' }],
    compose: (answers) => [{ op: 'rename', path: shown, alias: (answers['new alias'] ?? '').trim() }],
  };
}

/** Fields asked for when something new is made; without a row: all plain ones. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  'providers.models': ['model', 'uri', 'api_key', 'fallback'],
  agents: ['model_provider', 'system_prompt'],
};
const MOST_ASKED = 12;

/** What `n` makes in a place whose keys are free; `undefined`: nothing can be added there. */
export function additionOf({ path, node }: Place, values: Values, slots: readonly string[]): Edit | undefined {
  const { shape } = node;
  if (shape.type === 'array') {
    const next = String(values.keysBelow(path).length);
    return tableOf([...path, next], shape.item, [], `New item of ${formatPath(path)}`, undefined);
  }
  if (shape.type !== 'record') return undefined;
  const item = shape.value;
  if (item.shape.type === 'record' && ['object', 'record'].includes(item.shape.value.shape.type)) {
    // `providers.models`: a slot, then an alias.
    const names: Question[] = [
      { name: 'slot', hint: `The vendor: ${slots.join(', ')}` },
      { name: 'alias', preset: 'main', hint: 'Your name for it.' },
    ];
    return tableOf(path, item.shape.value, names, 'New entry', ASKED[formatPath(path)]);
  }
  if (item.shape.type === 'object') {
    const fields = path[0] === 'providers' ? ASKED['providers.models'] : ASKED[formatPath(path)];
    return tableOf(path, item, [{ name: 'name' }], `New in ${formatPath(path)}`, fields);
  }
  const secret = node.meta.secret === true || item.meta.secret === true;
  const value = questionOf('value', secret ? { ...item, meta: { ...item.meta, secret } } : item);
  return {
    title: `New in ${formatPath(path)}`,
    notes: [node.meta.description ?? ''].filter(Boolean),
    questions: [{ name: 'name' }, value],
    compose(answers) {
      const name = (answers['name'] ?? '').trim();
      const text = answers['value'] ?? '';
      if (name === '' || text.trim() === '') return 'it needs a name and a value.';
      return [{ op: 'set', path: formatPath([...path, name]), value: valueOf(text, item) }];
    },
  };
}

function tableOf(
  path: readonly string[],
  item: FieldNode,
  names: readonly Question[],
  title: string,
  asked: readonly string[] | undefined,
): Edit {
  const all = item.shape.type === 'object' ? Object.entries(item.shape.fields) : [];
  const plain = all.filter(
    ([, { shape, meta }]) =>
      meta.effect !== 'none' &&
      (['string', 'enum', 'boolean', 'integer', 'number'].includes(shape.type) ||
        (shape.type === 'array' && shape.item.shape.type === 'string')),
  );
  const fields = (asked === undefined ? plain : plain.filter(([name]) => asked.includes(name))).slice(0, MOST_ASKED);
  const rank = (name: string): number => asked?.indexOf(name) ?? 0;
  const ordered = fields.toSorted(([a], [b]) => rank(a) - rank(b));
  return {
    title,
    notes: ['Leave empty what you do not need; the other fields can be set afterwards.'],
    questions: [...names, ...ordered.map(([name, node]) => questionOf(name, node))],
    compose(answers) {
      const keys = names.map(({ name }) => (answers[name] ?? '').trim());
      const missing = names.find((_question, index) => keys[index] === '');
      if (missing !== undefined) return `it needs a ${missing.name}.`;
      const at = [...path, ...keys];
      const given = ordered
        .map(([name, node]) => [name, valueOf(answers[name] ?? '', node), answers[name] ?? ''] as const)
        .filter(([, , text]) => text.trim() !== '');
      if (given.length === 0) return 'it needs one field at least.';
      const isAlias = at[0] === 'agents' || (at[0] === 'providers' && at.length === 4);
      if (isAlias)
        return [
          {
            op: 'create',
            path: formatPath(at),
            fields: Object.fromEntries(given.map(([name, value]) => [name, value])),
          },
        ];
      return given.map(([name, value]): Change => ({ op: 'set', path: formatPath([...at, name]), value }));
    },
  };
}
