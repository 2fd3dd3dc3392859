import { useState } from 'preact/hooks';
import { post } from '../api/client.ts';
import type { Change, ConfigAnswer, SchemaAnswer, TryAnswer } from '../api/config-types.ts';
import { addressOf, formatPath } from '../lib/config-path.ts';
import { aliasesOf, valuesBelow } from '../lib/config-tree.ts';
import { changesOf } from '../lib/draft.ts';
import { duration, usd } from '../lib/format.ts';
import { go } from '../router.ts';
import { Icon } from '../ui/icons.tsx';
import { Dialog, Empty, Head, Notice, Panel, Tag } from '../ui/parts.tsx';
import { TextView } from '../ui/text-view.tsx';
import { useAction, useAnswer } from '../ui/use.ts';
import { WaterfallPicture } from '../ui/waterfall.tsx';
import { Review } from './config-review.tsx';
import { draft, entries } from './config-state.ts';

/** All entries, those of one slot, or all agents. */
export function Aliases({ found, prefix, length }: { found: ConfigAnswer; prefix: readonly string[]; length: number }) {
  const isAgents = prefix[0] === 'agents';
  const aliases = aliasesOf(found, prefix, length);
  const slot = isAgents ? undefined : prefix[2];
  const create = isAgents
    ? '/config/new-agent'
    : `/config/new${slot === undefined ? '' : `?slot=${encodeURIComponent(slot)}`}`;
  return (
    <>
      <Head title={isAgents ? 'Agents' : slot === undefined ? 'Model entries' : `Entries of ${slot}`}>
        {found.editable && (
          <a class="button main-action" href={create}>
            <Icon name="plus" /> {isAgents ? 'New agent' : 'New entry'}
          </a>
        )}
      </Head>
      <Panel flush>
        {aliases.length === 0 ? (
          <Empty title={isAgents ? 'No agent yet' : 'No entry yet'}>
            <p>
              {isAgents
                ? 'An agent is a name with an entry that answers for it, and a system prompt of its own.'
                : 'An entry is one way to a model: a vendor, a key and a model name.'}
            </p>
          </Empty>
        ) : (
          <ul class="short-list">
            {aliases.map((segments) => {
              const values = valuesBelow(found, segments);
              const told = (name: string): string | undefined => {
                const value = values.find((one) => one.path === formatPath([...segments, name]))?.value;
                return typeof value === 'string' ? value : undefined;
              };
              return (
                <li key={formatPath(segments)}>
                  <a class="row between" href={addressOf(segments)}>
                    <span class="strong clip">{isAgents ? segments[1] : segments.slice(2).join('.')}</span>
                    <span class="soft clip">
                      {isAgents
                        ? (told('model_provider') ?? 'the default entry')
                        : (told('model') ?? "the slot's model")}
                    </span>
                  </a>
                </li>
              );
            })}
          </ul>
        )}
      </Panel>
    </>
  );
}

const ALIAS = /^[A-Za-z0-9_-]+$/;

export function NewEntry({ known }: { known: SchemaAnswer }) {
  const [slot, setSlot] = useState(new URLSearchParams(location.search).get('slot') ?? '');
  const [alias, setAlias] = useState('');
  const [model, setModel] = useState('');
  const [uri, setUri] = useState('');
  const [secret, setSecret] = useState('');
  const [review, setReview] = useState<Change | undefined>(undefined);
  const chosen = known.slots.find((one) => one.id === slot);
  const path = ['providers', 'models', slot, alias];
  const isReady = chosen !== undefined && ALIAS.test(alias);
  return (
    <>
      <Head title="New entry" />
      <Panel>
        <form
          class="stack narrow-form"
          onSubmit={(event) => {
            event.preventDefault();
            const fields = Object.fromEntries(
              [
                ['model', model],
                ['uri', uri],
                ['api_key', secret],
              ].filter(([, value]) => value !== ''),
            ) as Record<string, string>;
            if (isReady) setReview({ op: 'create', path: formatPath(path), fields });
          }}
        >
          <div class="field">
            <label for="new-slot">Vendor or protocol</label>
            <input
              id="new-slot"
              class="input"
              list="slots"
              autocomplete="off"
              spellcheck={false}
              placeholder="anthropic, openai, ollama, custom …"
              value={slot}
              onInput={(event) => setSlot(event.currentTarget.value.trim())}
            />
            <datalist id="slots">
              {known.slots.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </datalist>
            {slot !== '' && chosen === undefined && (
              <span class="error-text">The catalog has no “{slot}”. For an endpoint of your own, take “custom”.</span>
            )}
          </div>
          <div class="field">
            <label for="new-alias">Alias: your name for it</label>
            <input
              id="new-alias"
              class="input"
              autocomplete="off"
              spellcheck={false}
              placeholder="main"
              value={alias}
              onInput={(event) => setAlias(event.currentTarget.value.trim())}
            />
            {alias !== '' && !ALIAS.test(alias) && <span class="error-text">Letters, digits, - and _ only.</span>}
          </div>
          <div class="field">
            <label for="new-model">Model</label>
            <input
              id="new-model"
              class="input"
              autocomplete="off"
              spellcheck={false}
              placeholder={chosen?.defaultModel ?? 'as the vendor calls it'}
              value={model}
              onInput={(event) => setModel(event.currentTarget.value.trim())}
            />
          </div>
          <div class="field">
            <label for="new-uri">Address, when it is not the vendor's usual one</label>
            <input
              id="new-uri"
              class="input"
              autocomplete="off"
              spellcheck={false}
              placeholder={chosen?.endpoints[0] ?? 'http://127.0.0.1:9000/v1'}
              value={uri}
              onInput={(event) => setUri(event.currentTarget.value.trim())}
            />
          </div>
          <div class="field">
            <label for="new-key">{chosen?.keyRequired === false ? 'Key, if it asks for one' : 'Key'}</label>
            <input
              id="new-key"
              class="input masked"
              autocomplete="off"
              spellcheck={false}
              placeholder={
                chosen?.keyVariables[0] === undefined ? 'a key, or ${NAME}' : `empty: ${chosen.keyVariables[0]} is read`
              }
              value={secret}
              onInput={(event) => setSecret(event.currentTarget.value.trim())}
            />
            <span class="soft small">It is sealed before it is written, and never shown again.</span>
          </div>
          <div>
            <button type="submit" class="button main-action" disabled={!isReady}>
              Review
            </button>
          </div>
        </form>
      </Panel>
      {review !== undefined && (
        <Review
          title="Create this entry?"
          action="Create"
          changes={[...changesOf(draft.value), review]}
          onClose={() => setReview(undefined)}
          onDone={() => go(addressOf(path))}
        />
      )}
    </>
  );
}

export function NewAgent() {
  const [alias, setAlias] = useState('');
  const [entry, setEntry] = useState('');
  const [review, setReview] = useState(false);
  const isReady = ALIAS.test(alias);
  const change: Change = {
    op: 'create',
    path: formatPath(['agents', alias]),
    fields: entry === '' ? {} : { model_provider: entry },
  };
  return (
    <>
      <Head title="New agent" />
      <Panel>
        <form
          class="stack narrow-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (isReady) setReview(true);
          }}
        >
          <div class="field">
            <label for="agent-alias">Alias: the name callers ask for</label>
            <input
              id="agent-alias"
              class="input"
              autocomplete="off"
              spellcheck={false}
              placeholder="researcher"
              value={alias}
              onInput={(event) => setAlias(event.currentTarget.value.trim())}
            />
            {alias !== '' && !isReady && <span class="error-text">Letters, digits, - and _ only.</span>}
          </div>
          <div class="field">
            <label for="agent-entry">Entry that answers for it</label>
            <select
              id="agent-entry"
              class="input"
              value={entry}
              onChange={(event) => setEntry(event.currentTarget.value)}
            >
              <option value="">the default entry</option>
              {entries.value.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </div>
          <div>
            <button type="submit" class="button main-action" disabled={!isReady}>
              Review
            </button>
          </div>
        </form>
      </Panel>
      {review && (
        <Review
          title="Create this agent?"
          action="Create"
          changes={[...changesOf(draft.value), change]}
          onClose={() => setReview(false)}
          onDone={() => go(addressOf(['agents', alias]))}
        />
      )}
    </>
  );
}

export function Rename({ segments, onClose }: { segments: readonly string[]; onClose: () => void }) {
  const [alias, setAlias] = useState(segments.at(-1) ?? '');
  const [review, setReview] = useState(false);
  const isReady = ALIAS.test(alias) && alias !== segments.at(-1);
  if (review)
    return (
      <Review
        title={`Rename to ${alias}?`}
        action="Rename"
        changes={[...changesOf(draft.value), { op: 'rename', path: formatPath(segments), alias }]}
        onClose={onClose}
        onDone={() => go(addressOf([...segments.slice(0, -1), alias]), { replace: true })}
      />
    );
  return (
    <Dialog
      title={`Rename ${segments.at(-1) ?? ''}`}
      onClose={onClose}
      footer={
        <button type="submit" form="rename-form" class="button main-action" disabled={!isReady}>
          Review
        </button>
      }
    >
      <form
        id="rename-form"
        class="field"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) setReview(true);
        }}
      >
        <label for="rename-alias">New alias</label>
        <input
          id="rename-alias"
          class="input"
          autocomplete="off"
          spellcheck={false}
          value={alias}
          onInput={(event) => setAlias(event.currentTarget.value.trim())}
        />
        <span class="soft small">Every reference to it in the file follows.</span>
      </form>
    </Dialog>
  );
}

interface Plan {
  readonly targets: readonly {
    readonly id: string;
    readonly entry: string;
    readonly model: string;
    readonly wire: string;
    readonly keys: readonly string[];
  }[];
  readonly warnings: readonly string[];
}

/** The walk that asking for this name yields. */
export function WalkOf({ model, hash }: { model: string; hash: string | null }) {
  const { data, error } = useAnswer<Plan>(`/api/plan?model=${encodeURIComponent(model)}`, hash);
  if (error !== undefined && data === undefined)
    return <Notice tone="warn">There is no walk for this name yet: {error}</Notice>;
  if (data === undefined) return null;
  return (
    <div class="row wrap walk">
      <span class="soft small">Walk</span>
      {data.targets.map((target, index) => (
        <span key={`${target.id} ${index}`} class="row">
          {index > 0 && <span class="soft">→</span>}
          <Tag>
            {target.entry} · {target.model}
          </Tag>
        </span>
      ))}
    </div>
  );
}

/** A real call to this entry alone. */
export function TryEntry({ entry }: { entry: string }) {
  const [answer, setAnswer] = useState<TryAnswer | undefined>(undefined);
  const { busy, error, start } = useAction(async () => {
    setAnswer(undefined);
    setAnswer(await post<TryAnswer>('/api/config/try', { entry }));
  });
  const waits = draft.value.size > 0;
  return (
    <Panel
      title="Try this entry"
      actions={
        <button type="button" class="button" disabled={busy} onClick={() => void start()}>
          <Icon name="play" /> {busy ? 'Asking…' : 'Ask it now'}
        </button>
      }
    >
      <div class="stack" role="status">
        {answer === undefined && error === undefined && (
          <p class="soft">
            A real call to this entry alone, at most 64 tokens; it counts like any other.
            {waits && ' It uses the config in force, without the edits that wait.'}
          </p>
        )}
        {error !== undefined && <Notice tone="bad">{error}</Notice>}
        {answer !== undefined && (
          <>
            {answer.ok ? (
              <Notice tone="good">
                {answer.model} answered after {duration(answer.tookMs)}, first token after{' '}
                {duration(answer.firstContentMs)}, cost {usd(answer.costUsd)}.
              </Notice>
            ) : (
              <Notice tone="bad">
                {answer.error?.kind}: {answer.error?.message}
              </Notice>
            )}
            {answer.text !== null && answer.text !== '' && <TextView text={answer.text} label="Its answer" />}
            {answer.attempts.length > 0 && <WaterfallPicture attempts={answer.attempts} tookMs={answer.tookMs} />}
          </>
        )}
      </div>
    </Panel>
  );
}
