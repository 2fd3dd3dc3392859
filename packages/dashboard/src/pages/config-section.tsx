import { useState } from 'preact/hooks';
import type { ConfigAnswer, SchemaAnswer, SchemaNode } from '../api/config-types.ts';
import { formatPath, isBelow, parsePath } from '../lib/config-path.ts';
import { groupFields, valuesBelow } from '../lib/config-tree.ts';
import { changesOf } from '../lib/draft.ts';
import { go } from '../router.ts';
import { Icon } from '../ui/icons.tsx';
import { Described, Head, Panel, Tag } from '../ui/parts.tsx';
import { Rename, TryEntry, WalkOf } from './config-aliases.tsx';
import { Field } from './config-field.tsx';
import { Review } from './config-review.tsx';
import { draft, edit } from './config-state.ts';

export interface SectionProps {
  readonly segments: readonly string[];
  readonly node: SchemaNode;
  readonly found: ConfigAnswer;
  readonly known: SchemaAnswer;
}

const kindOf = (segments: readonly string[]): 'entry' | 'agent' | 'section' =>
  segments[0] === 'providers' && segments.length === 4
    ? 'entry'
    : segments[0] === 'agents' && segments.length === 2
      ? 'agent'
      : 'section';

/** One table of the config with an editor for each of its fields. */
export function SectionPage({ segments, node, found, known }: SectionProps) {
  const kind = kindOf(segments);
  const [renames, setRenames] = useState(false);
  const [removes, setRemoves] = useState(false);
  const name = kind === 'entry' ? segments.slice(2).join('.') : (segments.at(-1) ?? '');
  const slot = kind === 'entry' ? known.slots.find((one) => one.id === segments[2]) : undefined;
  return (
    <>
      <Head title={name}>
        {kind !== 'section' && found.editable && (
          <>
            <button type="button" class="button" onClick={() => setRenames(true)}>
              Rename
            </button>
            <button type="button" class="button danger" onClick={() => setRemoves(true)}>
              Remove
            </button>
          </>
        )}
      </Head>
      {(slot !== undefined || node.description !== undefined) && (
        <p class="soft">
          {slot === undefined ? <Described text={node.description ?? ''} /> : slot.name}
          {slot !== undefined && slot.keyVariables.length > 0 && (
            <>
              {'. '}Without a key here, <code>{slot.keyVariables.join(', ')}</code> is read.
            </>
          )}
        </p>
      )}
      {kind !== 'section' && (
        <WalkOf model={kind === 'entry' ? segments.slice(2).join('.') : (segments[1] ?? '')} hash={found.hash} />
      )}
      {kind === 'entry' && <TryEntry entry={segments.slice(2).join('.')} />}
      <Fields segments={segments} node={node} found={found} known={known} />
      {renames && <Rename segments={segments} onClose={() => setRenames(false)} />}
      {removes && (
        <Review
          title={`Remove ${name}?`}
          action="Remove"
          changes={[...changesOf(draft.value), { op: 'unset', path: formatPath(segments) }]}
          onClose={() => setRemoves(false)}
          onDone={() => go(kind === 'entry' ? '/config/providers.models' : '/config/agents')}
        />
      )}
    </>
  );
}

function Fields({ segments, node, found, known }: SectionProps) {
  if (node.type === 'object') return <ObjectFields segments={segments} node={node} found={found} known={known} />;
  if (node.type === 'record' && node.value !== undefined && isComplex(node.value))
    return <RecordFields segments={segments} node={node} found={found} known={known} />;
  if (node.type === 'array' && node.item?.type === 'object')
    return <ListFields segments={segments} node={node} found={found} known={known} />;
  return (
    <Panel flush>
      <Field segments={segments} node={node} found={found} />
    </Panel>
  );
}

const isComplex = (node: SchemaNode): boolean =>
  node.type === 'object' || node.type === 'array' || (node.type === 'record' && node.value?.type === 'object');
/** Tables inside a table get a part of the page of their own. */
const isOwnTable = (node: SchemaNode): boolean =>
  node.type === 'object' ||
  (node.type === 'record' && node.value?.type === 'object') ||
  (node.type === 'array' && node.item?.type === 'object');

function ObjectFields({ segments, node, found, known }: SectionProps) {
  const set = new Set(
    valuesBelow(found, segments)
      .filter((value) => value.set)
      .map((value) => parsePath(value.path)?.[segments.length]),
  );
  for (const path of draft.value.keys())
    if (isBelow(path, formatPath(segments))) set.add(parsePath(path)?.[segments.length]);
  const { open, more } = groupFields(node, (name) => set.has(name));
  const [wanted, setWanted] = useState('');
  const fieldOf = (name: string) => {
    const child = node.fields?.[name];
    return child === undefined ? null : <Field key={name} segments={[...segments, name]} node={child} found={found} />;
  };
  const isTable = (name: string): boolean => node.fields?.[name] !== undefined && isOwnTable(node.fields[name]);
  const shown = more.filter(
    (name) =>
      !isTable(name) &&
      (wanted === '' ||
        `${name} ${node.fields?.[name]?.description ?? ''}`.toLowerCase().includes(wanted.toLowerCase())),
  );
  return (
    <>
      <Panel flush>{open.filter((name) => !isTable(name)).map(fieldOf)}</Panel>
      {more.some((name) => !isTable(name)) && (
        <details class="panel">
          <summary>{more.filter((name) => !isTable(name)).length} more fields</summary>
          <div class="body-pad">
            <input
              class="input"
              type="search"
              aria-label="Find a field"
              placeholder="Find a field"
              value={wanted}
              onInput={(event) => setWanted(event.currentTarget.value)}
            />
          </div>
          {shown.map(fieldOf)}
        </details>
      )}
      {[...open, ...more].filter(isTable).map((name) => {
        const child = node.fields?.[name];
        return child === undefined ? null : (
          <div key={name} class="stack tight">
            <h2>{name}</h2>
            {child.description !== undefined && (
              <p class="soft small">
                <Described text={child.description} />
              </p>
            )}
            <Fields segments={[...segments, name]} node={child} found={found} known={known} />
          </div>
        );
      })}
    </>
  );
}

/** `[budgets.per_provider."<type>.<alias>"]`: names are free, what is below them is not. */
function RecordFields({ segments, node, found, known }: SectionProps) {
  const [name, setName] = useState('');
  const names = namesBelow(found, segments);
  const { value: child } = node;
  if (child === undefined) return null;
  return (
    <>
      {names.map((one) => (
        <div key={one} class="stack tight">
          <div class="row between">
            <h3>{one}</h3>
            <button
              type="button"
              class="button danger"
              disabled={!found.editable}
              onClick={() => edit({ op: 'unset', path: formatPath([...segments, one]) })}
            >
              Remove<span class="unseen"> {one}</span>
            </button>
          </div>
          <Fields segments={[...segments, one]} node={child} found={found} known={known} />
        </div>
      ))}
      {found.editable && (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== '') added(segments, name.trim());
            setName('');
          }}
        >
          <input
            class="input grow"
            aria-label="Name to add"
            list="config-entries"
            placeholder="Name to add"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={name.trim() === ''}>
            <Icon name="plus" /> Add
          </button>
        </form>
      )}
    </>
  );
}

const additions = new Map<string, Set<string>>();

/** An empty table is nothing to write yet: it shows up here, and is written with its first value. */
function added(segments: readonly string[], name: string): void {
  const parent = formatPath(segments);
  additions.set(parent, (additions.get(parent) ?? new Set()).add(name));
}

function namesBelow(found: ConfigAnswer, segments: readonly string[]): string[] {
  const paths = [...valuesBelow(found, segments).map(({ path }) => path), ...draft.value.keys()].filter((path) =>
    isBelow(path, formatPath(segments)),
  );
  const names = paths.flatMap((path) => parsePath(path)?.[segments.length] ?? []);
  return [...new Set([...names, ...(additions.get(formatPath(segments)) ?? [])])];
}

/** `[[model_routes]]`. */
function ListFields({ segments, node, found, known }: SectionProps) {
  const names = namesBelow(found, segments)
    .filter((name) => /^\d+$/.test(name))
    .toSorted((a, b) => Number(a) - Number(b));
  const [, setTurn] = useState(0);
  const { item } = node;
  if (item === undefined) return null;
  return (
    <>
      {names.map((index) => {
        const path = formatPath([...segments, index]);
        const isGone = draft.value.get(path)?.op === 'unset';
        return (
          <div key={index} class="stack tight">
            <div class="row between">
              <h3>
                {segments.at(-1)} {Number(index) + 1} {isGone && <Tag tone="warn">will be removed</Tag>}
              </h3>
              <button
                type="button"
                class="button danger"
                disabled={!found.editable || isGone}
                onClick={() => edit({ op: 'unset', path })}
              >
                Remove<span class="unseen"> number {Number(index) + 1}</span>
              </button>
            </div>
            {!isGone && <Fields segments={[...segments, index]} node={item} found={found} known={known} />}
          </div>
        );
      })}
      {names.length === 0 && <p class="soft">None yet.</p>}
      {found.editable && (
        <div>
          <button
            type="button"
            class="button"
            onClick={() => {
              added(segments, String(names.length));
              setTurn((turn) => turn + 1);
            }}
          >
            <Icon name="plus" /> Add one
          </button>
        </div>
      )}
    </>
  );
}
