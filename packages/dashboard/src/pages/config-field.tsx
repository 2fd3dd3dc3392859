import { useState } from 'preact/hooks';
import type { Change, ConfigAnswer, ConfigValue, SchemaNode, ValueSource } from '../api/config-types.ts';
import { formatPath, isBelow } from '../lib/config-path.ts';
import { sameValue } from '../lib/draft.ts';
import { textOf, typedValue } from '../lib/typed.ts';
import { plural } from '../lib/format.ts';
import { Described, IconButton, Tag } from '../ui/parts.tsx';
import { checked, draft, edit, entries, setUnreadable, takeBack, unreadable } from './config-state.ts';

interface FieldProps {
  readonly segments: readonly string[];
  readonly node: SchemaNode;
  readonly found: ConfigAnswer;
}

/** One value: what it is for, its editor, where it comes from, what is wrong with it. */
export function Field({ segments, node, found }: FieldProps) {
  const path = formatPath(segments);
  const value = valueAt(found, path);
  const change = draft.value.get(path);
  const issues = (checked.value?.issues ?? []).filter(
    (issue) => issue.path !== null && (issue.path === path || isBelow(issue.path, path)),
  );
  const problem = unreadable.value.get(path);
  const isBad = problem !== undefined || issues.some((issue) => issue.level === 'error');
  const id = `field-${path}`;
  const isLocked = !found.editable;
  const isSet = change === undefined ? value?.set === true : change.op !== 'unset';
  const wrong =
    problem ??
    issues.map((issue) => [issue.message, issue.suggestion].filter((part) => part !== null).join(' ')).join(' ');
  return (
    <div class={change === undefined ? 'config-field' : 'config-field edited'}>
      <div class="config-name">
        <label for={id} class="mono breaks">
          {segments.at(-1)}
        </label>
        {node.description !== undefined && (
          <div class="soft small">
            <Described text={node.description} />
            {holdsLines(node) && ' One per line.'}
          </div>
        )}
      </div>
      <div class="config-value">
        <div class="row top">
          <div class="grow">
            {node.secret === true ? (
              <SecretEditor id={id} path={path} node={node} value={value} isLocked={isLocked} isBad={isBad} />
            ) : (
              <Editor id={id} path={path} node={node} value={value} isLocked={isLocked} isBad={isBad} />
            )}
          </div>
          {change !== undefined ? (
            <IconButton icon="undo" label={`Take the edit of ${path} back`} onClick={() => takeBack(path)} />
          ) : isSet && !isLocked && value?.source.kind === 'file' ? (
            <IconButton icon="close" label={`Unset ${path}`} onClick={() => edit({ op: 'unset', path })} />
          ) : null}
        </div>
        <div class="row wrap small soft">
          <Origin value={value} change={change} node={node} />
        </div>
        {isBad && (
          <div id={`${id}-error`} class="error-text" role="alert">
            {wrong}
          </div>
        )}
        {!isBad && issues.length > 0 && <div class="small">{wrong}</div>}
      </div>
    </div>
  );
}

/** A list or table is told whole, or by its parts. */
function valueAt(found: ConfigAnswer, path: string): ConfigValue | undefined {
  const own = found.values.find((value) => value.path === path);
  if (own !== undefined) return own;
  const parts = found.values.filter((value) => isBelow(value.path, path) && value.set);
  const [first] = parts;
  if (first === undefined) return undefined;
  const whole = Object.fromEntries(parts.map((part) => [part.path.slice(path.length + 1), part.value]));
  const fingerprints = parts.flatMap((part) => part.fingerprints ?? []);
  return { ...first, path, value: first.secret ? null : whole, ...(fingerprints.length === 0 ? {} : { fingerprints }) };
}

interface EditorProps {
  readonly id: string;
  readonly path: string;
  readonly node: SchemaNode;
  readonly value: ConfigValue | undefined;
  readonly isLocked: boolean;
  readonly isBad: boolean;
}

const holdsLines = (node: SchemaNode): boolean =>
  node.type === 'array' && (node.item?.type === 'string' || node.item?.type === 'enum' || node.item?.type === 'json');

function Editor({ id, path, node, value, isLocked, isBad }: EditorProps) {
  const change = draft.value.get(path);
  const current = value?.set === true || (value !== undefined && value.value !== null) ? value.value : undefined;
  const shownValue =
    change === undefined ? (value?.set === true ? current : undefined) : change.op === 'set' ? change.value : undefined;
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const text = unreadable.value.has(path) ? (typed ?? '') : textOf(node, shownValue);
  const fallback =
    node.default ?? (value?.set === false && value.value !== null ? textOf(node, value.value) : undefined);
  const take = (next: string): void => {
    setTyped(next);
    if (next.trim() === '') {
      if (value?.set === true) edit({ op: 'unset', path });
      else takeBack(path);
      return;
    }
    const read = typedValue(node, next);
    if (!read.ok) {
      setUnreadable(path, read.message);
      return;
    }
    if (value?.set === true && sameValue(read.value, current)) takeBack(path);
    else edit({ op: 'set', path, value: read.value });
  };
  const common = {
    id,
    disabled: isLocked,
    'aria-invalid': isBad,
    'aria-describedby': isBad ? `${id}-error` : undefined,
  } as const;
  if (node.type === 'boolean' || node.type === 'enum')
    return (
      <select {...common} class="input" value={text} onChange={(event) => take(event.currentTarget.value)}>
        <option value="">{fallback === undefined ? 'not set' : `not set (${fallback})`}</option>
        {(node.type === 'boolean' ? ['true', 'false'] : (node.values ?? [])).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    );
  const placeholder = fallback ?? node.example;
  if (node.type === 'string' || node.type === 'integer' || node.type === 'number') {
    const isReference = /(^|\.)(model_provider|provider)$/.test(path);
    return (
      <>
        <input
          {...common}
          class="input"
          type="text"
          inputMode={node.type === 'string' ? undefined : 'decimal'}
          spellcheck={false}
          autocomplete="off"
          list={isReference ? 'config-entries' : undefined}
          placeholder={placeholder}
          value={text}
          onInput={(event) => take(event.currentTarget.value)}
        />
        {isReference && <EntryList />}
      </>
    );
  }
  const isLines = holdsLines(node);
  return (
    <>
      <textarea
        {...common}
        class="input mono"
        rows={Math.min(12, Math.max(2, text.split('\n').length))}
        spellcheck={false}
        placeholder={isLines ? 'one per line' : (node.example ?? 'JSON')}
        value={text}
        onChange={(event) => take(event.currentTarget.value)}
      />
    </>
  );
}

function EntryList() {
  return (
    <datalist id="config-entries">
      {entries.value.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}

/** Secrets are written and never read: what is there shows as fingerprints. */
function SecretEditor({ id, path, node, value, isLocked, isBad }: EditorProps) {
  const [text, setText] = useState('');
  const change = draft.value.get(path);
  const isMany = node.type === 'array';
  const shown = change?.op === 'set' ? text : '';
  const prints = value?.fingerprints ?? [];
  const hint =
    value?.set === true
      ? `set${prints.length > 0 ? ` (${prints.map((print) => print.replace(/^key:/, '')).join(', ')})` : ''}; type to replace`
      : isMany
        ? 'one key per line, or ${NAME}'
        : node.type === 'record'
          ? '{"Name": "value"}'
          : 'a key, or ${NAME} of the environment';
  const take = (next: string): void => {
    setText(next);
    if (next.trim() === '') {
      takeBack(path);
      return;
    }
    const read = isMany ? typedValue({ type: 'array', item: { type: 'string' } }, next) : typedValue(node, next);
    if (read.ok) edit({ op: 'set', path, value: read.value });
    else setUnreadable(path, read.message);
  };
  const common = {
    id,
    disabled: isLocked,
    spellcheck: false,
    autocomplete: 'off',
    placeholder: hint,
    'aria-invalid': isBad,
    'aria-describedby': isBad ? `${id}-error` : undefined,
  } as const;
  if (isMany || node.type === 'record' || node.type === 'json')
    return (
      <textarea
        {...common}
        class="input mono masked"
        rows={2}
        value={unreadable.value.has(path) ? text : shown}
        onInput={(event) => take(event.currentTarget.value)}
      />
    );
  // No `type=password`: browsers would offer to keep it as the login of this page.
  return (
    <input
      {...common}
      class="input mono masked"
      type="text"
      value={shown}
      onInput={(event) => take(event.currentTarget.value)}
    />
  );
}

/** Where the value in force comes from, in words. */
function Origin({
  value,
  change,
  node,
}: {
  value: ConfigValue | undefined;
  change: Change | undefined;
  node: SchemaNode;
}) {
  if (change !== undefined)
    return <Tag tone="warn">{change.op === 'unset' ? 'will be unset' : 'edited, not applied'}</Tag>;
  if (value === undefined || (!value.set && value.source.kind === 'default'))
    return <span>{node.default === undefined ? 'not set' : `default: ${node.default}`}</span>;
  return (
    <>
      <span>{sourceText(value.source)}</span>
      {value.source.variables.length > 0 && (
        <span>from {value.source.variables.map((name) => `\${${name}}`).join(', ')}</span>
      )}
      {value.secret && value.fingerprints !== undefined && value.fingerprints.length > 0 && (
        <span class="mono">{plural(value.fingerprints.length, 'key')}</span>
      )}
      {value.overridden && <Tag tone="warn">overrides the file</Tag>}
    </>
  );
}

function sourceText(source: ValueSource): string {
  switch (source.kind) {
    case 'file':
      return source.line === null ? 'from the file' : `from the file, line ${source.line}`;
    case 'variable':
      return `from the variable ${source.name ?? ''}`;
    case 'flag':
      return `from the flag ${source.name ?? ''}`;
    case 'build':
      return 'from the build';
    case 'catalog':
      return 'from the catalog';
    case 'default':
      return 'default';
  }
}
