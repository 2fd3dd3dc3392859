import { useEffect, useRef } from 'preact/hooks';
import { active, activeTotal } from '../api/live.ts';
import type { Waterfall, WaterfallAttempt } from '../api/types.ts';
import { bytes, count, duration, fullTime, plural, share, UNKNOWN, usd } from '../lib/format.ts';
import { outcomeLook } from '../lib/outcome.ts';
import { go, search } from '../router.ts';
import { bindKeys } from '../shortcuts.ts';
import { Badge, CopyButton, Empty, IconButton, Notice, Panel, Tag, copyText } from '../ui/parts.tsx';
import { TextView, type Mark } from '../ui/text-view.tsx';
import { useAnswer } from '../ui/use.ts';
import { WaterfallPicture } from '../ui/waterfall.tsx';

const backToList = (): void => go(`/requests${search.value === '' ? '' : `?${search.value}`}`);

export function RequestDetail({ id }: { id: string }) {
  const isRunning = active.value.some((call) => call.id === id);
  // Asked again when it ends; while it runs, with each sign of life of the gateway.
  const { data, error, loading } = useAnswer<Waterfall>(
    `/api/requests/${encodeURIComponent(id)}/waterfall`,
    isRunning ? activeTotal.value + Math.floor(Date.now() / 1_000) : 'ended',
  );
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  useEffect(() => bindKeys({ Escape: backToList }), []);
  return (
    <article class="stack">
      <div class="row between top">
        <div class="grow">
          <h1 ref={title} tabIndex={-1} class="row wrap">
            {data === undefined ? (
              'Request'
            ) : (
              <Badge
                look={outcomeLook({
                  outcome: data.outcome,
                  attempts: data.attempts.length,
                  rescue: data.attempts.find((one) => one.rescue !== null)?.rescue,
                })}
              />
            )}
            <span class="breaks">{data === undefined ? '' : data.requestedModel || 'default'}</span>
          </h1>
          <div class="row soft small">
            <code class="clip" title={id}>
              {id}
            </code>
            <IconButton icon="copy" label="Copy the request id" onClick={() => void copyText(id, 'Request id')} />
          </div>
        </div>
        <div class="row">
          {data?.curl != null && <CopyButton text={data.curl.command} what="curl command" label="Copy as curl" />}
          <IconButton icon="close" label="Back to the list" onClick={backToList} />
        </div>
      </div>
      {error !== undefined && data === undefined ? (
        <Empty title="No record of this request">
          <p>{error}</p>
        </Empty>
      ) : data === undefined ? (
        loading && <p class="soft">Loading…</p>
      ) : (
        <Body data={data} />
      )}
    </article>
  );
}

function Body({ data }: { data: Waterfall }) {
  // What the caller saw: also of an attempt that broke off later.
  const delivered = data.attempts.filter(({ outcome, cut }) => outcome === 'ok' || cut);
  const first = Math.min(...delivered.map(({ firstContentMs }) => firstContentMs ?? Number.POSITIVE_INFINITY));
  return (
    <>
      {data.message !== null && data.outcome !== 'ok' && <Notice tone="bad">{data.message}</Notice>}
      <dl class="facts panel body">
        <Fact name="Began" value={fullTime(data.startedAt)} />
        <Fact name="Total" value={duration(data.tookMs)} />
        <Fact name="First token" value={duration(Number.isFinite(first) ? first : null)} />
        <Fact name="Attempts" value={count(data.attempts.length)} />
        <Fact
          name="Tokens in, out"
          value={`${sum(data.attempts, 'inputTokens')}, ${sum(data.attempts, 'outputTokens')}`}
        />
        <Fact name="Cost of all attempts" value={usd(data.costUsd)} />
        <Fact name="Answer" value={data.mode === 'stream' ? 'streamed' : 'whole'} />
        <Fact
          name="Deadline"
          value={data.deadlineMs === null ? UNKNOWN : `${duration(data.deadlineMs)}${used(data)}`}
        />
      </dl>
      <Panel title="Attempts">
        {data.attempts.length === 0 ? (
          <p class="soft">
            {data.outcome === 'pending'
              ? 'It is under way; attempts are recorded when it ends.'
              : 'No attempt is recorded: it ended before a vendor was asked, or its attempts were not kept.'}
          </p>
        ) : (
          <WaterfallPicture attempts={data.attempts} tookMs={data.tookMs} />
        )}
      </Panel>
      <Decisions data={data} />
      <Attempts attempts={data.attempts} />
      <Content data={data} />
      {data.curl !== null && (
        <Panel title="As curl" actions={<CopyButton text={data.curl.command} what="curl command" label="Copy" />}>
          <TextView text={data.curl.command} label="curl command" />
        </Panel>
      )}
      {data.source !== 'memory' && (
        <p class="soft small">
          Read from{' '}
          {data.source === 'ledger'
            ? 'the ledger, which keeps attempts but not what was decided between them'
            : 'the records on disk'}
          .
        </p>
      )}
    </>
  );
}

function used({ tookMs, deadlineMs }: Waterfall): string {
  return tookMs === null || deadlineMs === null || deadlineMs <= 0 ? '' : `, ${share(tookMs / deadlineMs)} used`;
}

function sum(attempts: readonly WaterfallAttempt[], name: 'inputTokens' | 'outputTokens'): string {
  const known = attempts.flatMap((attempt) => attempt[name] ?? []);
  if (known.length === 0) return 'unknown';
  const missing = attempts.some((attempt) => attempt[name] === null && attempt.firstContentMs !== null);
  return `${missing ? '≥ ' : ''}${count(known.reduce((total, one) => total + one, 0))}`;
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Decisions({ data }: { data: Waterfall }) {
  if (data.decisions.length === 0)
    return data.source === 'memory' && data.outcome === 'ok' && data.attempts.length === 1 ? (
      <p class="soft">Nothing had to be decided: the first target's first key was free, and it answered.</p>
    ) : null;
  return (
    <Panel
      title="Why"
      actions={
        data.replay === null ? undefined : data.replay.same ? (
          <Tag tone="good" title="Every decision was taken again from what the record holds, and came out the same.">
            replayed: same
          </Tag>
        ) : (
          <Tag tone="warn" title={data.replay.differences.join('\n')}>
            replayed: {plural(data.replay.differences.length, 'difference')}
          </Tag>
        )
      }
      flush
    >
      <ol class="decisions">
        {data.decisions.map((step, index) => (
          <li key={index}>
            <span class="soft nowrap right">{duration(step.atMs)}</span>
            <div class="grow breaks">
              <div>
                {step.after === '' ? '' : `${step.after}: `}
                <span class="strong">{step.then}</span>
              </div>
              {step.rule !== null && <div class="soft small">Rule: {step.rule}</div>}
              {step.health.length > 0 && (
                <details class="small soft">
                  <summary>What it looked at</summary>
                  <ul>
                    {step.health.map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Attempts({ attempts }: { attempts: readonly WaterfallAttempt[] }) {
  if (attempts.length === 0) return null;
  return (
    <Panel title="What each attempt brought" flush>
      <div class="table-wrap" tabIndex={0} role="region" aria-label="Attempts in numbers">
        <table class="table">
          <thead>
            <tr>
              <th>#</th>
              <th>Target and reason</th>
              <th>Key</th>
              <th class="number">Status</th>
              <th class="number">Tokens in</th>
              <th class="number">out</th>
              <th class="number">Received</th>
              <th class="number">Cost</th>
            </tr>
          </thead>
          <tbody>
            {attempts.map((attempt) => (
              <tr key={attempt.attempt}>
                <td>{attempt.attempt}</td>
                <td class="breaks attempt-words">
                  <div>{attempt.target}</div>
                  <div class="soft small">{attempt.reason}</div>
                  {attempt.message !== null && <div class="small">{attempt.message.slice(0, 2_000)}</div>}
                  {(attempt.code !== null || attempt.rule !== null) && (
                    <div class="soft small">
                      {[
                        attempt.code,
                        attempt.rule === null ? null : `rule ${attempt.rule}`,
                        attempt.retryAfterMs === null ? null : `asked to wait ${duration(attempt.retryAfterMs)}`,
                      ]
                        .filter((part) => part !== null)
                        .join(' · ')}
                    </div>
                  )}
                  {attempt.lost.length > 0 && (
                    <div class="small">Could not be carried over: {attempt.lost.join(', ')}</div>
                  )}
                </td>
                <td class="mono">{attempt.key?.replace(/^key:/, '') ?? UNKNOWN}</td>
                <td class="number">{attempt.status ?? UNKNOWN}</td>
                <td class="number">{count(attempt.inputTokens)}</td>
                <td class="number">{count(attempt.outputTokens)}</td>
                <td class="number">{bytes(attempt.bytes)}</td>
                <td class="number">{usd(attempt.costUsd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Content({ data }: { data: Waterfall }) {
  const { content } = data;
  if (content === null)
    return (
      <p class="soft small">
        Prompt and answer are not kept. <code>[ledger] content = true</code> keeps those of later requests.{' '}
        <a href="/config/ledger">Change it</a>
      </p>
    );
  const marks: Mark[] = data.attempts.flatMap((attempt) =>
    attempt.spliceAt === null
      ? []
      : [{ at: attempt.spliceAt, title: `Here attempt ${attempt.attempt} (${attempt.target}) went on` }],
  );
  return (
    <>
      <Panel title="Request" actions={content.requestTruncated ? <Tag>cut when it was kept</Tag> : undefined}>
        <TextView text={prettyJson(content.request)} label="The request as it came" />
      </Panel>
      <Panel
        title="Answer"
        actions={
          content.answerTruncated ? (
            <Tag>cut when it was kept</Tag>
          ) : marks.length > 0 ? (
            <Tag tone="warn">{plural(marks.length, 'splice')} marked</Tag>
          ) : undefined
        }
      >
        {content.answer === '' ? (
          <p class="soft">No text was delivered.</p>
        ) : (
          <TextView text={content.answer} label="The delivered answer" marks={marks} />
        )}
      </Panel>
    </>
  );
}

function prettyJson(text: string): string {
  if (text.length > 200_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
