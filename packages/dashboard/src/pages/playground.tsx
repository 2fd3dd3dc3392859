import { active, chains, clock, targets } from '../api/live.ts';
import type { Waterfall } from '../api/types.ts';
import { count, duration, plural, UNKNOWN, usd } from '../lib/format.ts';
import { outcomeLook } from '../lib/outcome.ts';
import { Badge, CopyButton, Head, Notice, Panel } from '../ui/parts.tsx';
import { useAnswer } from '../ui/use.ts';
import { WaterfallPicture } from '../ui/waterfall.tsx';
import { Composer } from './playground-composer.tsx';
import { reset, run, settings, turns } from './playground-state.ts';
import { Conversation } from './playground-turns.tsx';

export function Playground() {
  return (
    <>
      <Head title="Playground">
        <button type="button" class="button" onClick={reset} disabled={turns.value.length === 0}>
          New conversation
        </button>
      </Head>
      <div class="playground">
        <div class="stack">
          <Options />
          <Conversation />
          <Composer />
        </div>
        <aside class="stack" aria-label="How the last answer came about">
          <LastRun />
        </aside>
      </div>
    </>
  );
}

const EXAMPLE_TOOL = `[{
  "name": "get_weather",
  "description": "The weather at a place.",
  "parameters": {
    "type": "object",
    "properties": { "place": { "type": "string" } },
    "required": ["place"]
  }
}]`;

function Options() {
  const { model, system, temperature, maxTokens, tools } = settings.value;
  const set = (change: Partial<typeof settings.value>): void => {
    settings.value = { ...settings.value, ...change };
  };
  const names = [
    ...new Set([
      ...chains.value.flatMap((chain) => (chain.model === '' ? [] : [chain.model])),
      ...[...targets.value.values()].flatMap((target) => [target.entry, target.id]),
    ]),
  ];
  return (
    <Panel>
      <div class="stack tight">
        <div class="field">
          <label for="play-model">Target, agent or model</label>
          <input
            id="play-model"
            class="input"
            list="play-models"
            autocomplete="off"
            spellcheck={false}
            placeholder="the default walk"
            value={model}
            onInput={(event) => set({ model: event.currentTarget.value })}
          />
          <datalist id="play-models">
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
        <details class="options">
          <summary>System prompt, tools, limits</summary>
          <div class="stack tight">
            <div class="field">
              <label for="play-system">System prompt</label>
              <textarea
                id="play-system"
                class="input"
                rows={2}
                value={system}
                onInput={(event) => set({ system: event.currentTarget.value })}
              />
            </div>
            <div class="fields-3">
              <div class="field">
                <label for="play-temperature">Temperature</label>
                <input
                  id="play-temperature"
                  class="input"
                  inputMode="decimal"
                  placeholder="not sent"
                  value={temperature}
                  onInput={(event) => set({ temperature: event.currentTarget.value })}
                />
              </div>
              <div class="field">
                <label for="play-tokens">Most tokens</label>
                <input
                  id="play-tokens"
                  class="input"
                  inputMode="numeric"
                  placeholder="not sent"
                  value={maxTokens}
                  onInput={(event) => set({ maxTokens: event.currentTarget.value })}
                />
              </div>
            </div>
            <div class="field">
              <div class="row between">
                <label for="play-tools" class="small strong">
                  Tools, JSON
                </label>
                {tools === '' && (
                  <button type="button" class="button plain" onClick={() => set({ tools: EXAMPLE_TOOL })}>
                    Put an example in
                  </button>
                )}
              </div>
              <textarea
                id="play-tools"
                class="input mono"
                rows={tools === '' ? 2 : 8}
                spellcheck={false}
                value={tools}
                onInput={(event) => set({ tools: event.currentTarget.value })}
              />
            </div>
          </div>
        </details>
      </div>
    </Panel>
  );
}

function LastRun() {
  const last = run.value;
  const isOver = last?.tookMs !== undefined;
  const { data } = useAnswer<Waterfall>(
    last?.id !== undefined && isOver ? `/api/requests/${encodeURIComponent(last.id)}/waterfall` : undefined,
  );
  if (last === undefined)
    return (
      <Panel title="How it came about">
        <p class="soft">Attempts, waits and costs of the last answer stand here.</p>
      </Panel>
    );
  const call = active.value.find((one) => one.id === last.id);
  return (
    <Panel
      title="How it came about"
      actions={
        data === undefined ? undefined : (
          <Badge
            look={outcomeLook({
              outcome: data.outcome,
              attempts: data.attempts.length,
              rescue: data.attempts.find((attempt) => attempt.rescue !== null)?.rescue,
            })}
          />
        )
      }
    >
      <div class="stack">
        {last.error !== undefined && <Notice tone="bad">{last.error}</Notice>}
        <dl class="facts">
          <div>
            <dt>Answered by</dt>
            <dd>{last.provider ?? call?.target ?? UNKNOWN}</dd>
          </div>
          <div>
            <dt>Model</dt>
            <dd>{last.model ?? UNKNOWN}</dd>
          </div>
          <div>
            <dt>First token</dt>
            <dd>{duration(last.firstMs)}</dd>
          </div>
          <div>
            <dt>Total</dt>
            <dd>{isOver ? duration(last.tookMs) : `${duration(Math.max(0, clock.value - last.startedAt))} so far`}</dd>
          </div>
          <div>
            <dt>Tokens in, out</dt>
            <dd>
              {count(last.inputTokens)}, {count(last.outputTokens)}
            </dd>
          </div>
          <div>
            <dt>Cost</dt>
            <dd>{isOver ? usd(data?.costUsd) : UNKNOWN}</dd>
          </div>
        </dl>
        {!isOver && (
          <p class="soft">
            {call === undefined || call.attempts <= 1
              ? 'Asking…'
              : `${plural(call.attempts, 'attempt')} so far, now at ${call.target ?? ''}`}
          </p>
        )}
        {data !== undefined && data.attempts.length > 0 && (
          <WaterfallPicture attempts={data.attempts} tookMs={data.tookMs} />
        )}
        {data !== undefined && (
          <div class="row wrap">
            <a class="button" href={`/requests/${encodeURIComponent(data.id)}`}>
              Open the request
            </a>
            {data.curl !== null && <CopyButton text={data.curl.command} what="curl command" label="Copy as curl" />}
          </div>
        )}
      </div>
    </Panel>
  );
}
