import { useEffect, useMemo, useState } from 'preact/hooks';
import {
  active,
  activeTotal,
  chains,
  clock,
  connection,
  now,
  onRequests,
  pulse,
  series,
  snapshots,
  workers,
} from '../api/live.ts';
import type { Now as Figures, Row, Status } from '../api/types.ts';
import { clockTime, count, duration, partialUsd, plural, rate, share } from '../lib/format.ts';
import { outcomeLook } from '../lib/outcome.ts';
import { isRescued, keyOfRow } from '../lib/rows.ts';
import { ChainPicture } from '../ui/chain.tsx';
import { Chart } from '../ui/chart.tsx';
import { Badge, Empty, Head, Notice, Panel, Segments } from '../ui/parts.tsx';
import { Route } from '../ui/route.tsx';
import { useAnswer, useStill } from '../ui/use.ts';

export function Now() {
  const status = useAnswer<Status>('/api/status', snapshots.value);
  const figures = now.value;
  return (
    <>
      <Head title="Now">
        {status.data !== undefined && (
          <span class="soft small">
            Up {duration(clock.value - status.data.startedAt)} · version {status.data.version}
            {workers.value > 1 && ` · figures of one of ${workers.value} workers`}
          </span>
        )}
      </Head>
      <div class="stack">
        <Warnings status={status.data} />
        {figures === undefined ? (
          <p class="soft">
            {connection.value === 'lost' ? 'The gateway does not answer; trying again.' : 'Connecting…'}
          </p>
        ) : (
          <Tiles figures={figures} />
        )}
        <Chains />
        <Charts />
        <div class="columns">
          <UnderWay />
          <Notable />
        </div>
      </div>
    </>
  );
}

function Warnings({ status }: { status: Status | undefined }) {
  if (status === undefined) return null;
  return (
    <>
      {!status.ready && status.reason !== null && <Notice tone="bad">{status.reason}</Notice>}
      {status.config?.refused != null && (
        <Notice tone="warn">
          The config file was changed, but the new one has an error, so the last good one stays in force:{' '}
          {status.config.refused} <a href="/config">Open the config</a>
        </Notice>
      )}
      {status.simulated && (
        <Notice tone="info">
          Simulated vendors: there is no config, no vendor key and no local server yet, so the answers are made up. A
          first config is written by <code>standin init</code>.
        </Notice>
      )}
    </>
  );
}

function Tiles({ figures }: { figures: Figures }) {
  const { today, firstContentMs: first, totalMs: total } = figures;
  return (
    <dl class="tiles">
      <Tile
        name="Requests"
        value={`${rate(figures.requestsPerSecond)}/s`}
        note={`${count(figures.requests)} in the last minute`}
      />
      <Tile name="First token" value={duration(first?.p50)} note={`p99 ${duration(first?.p99)}`} />
      <Tile name="Total time" value={duration(total?.p50)} note={`p99 ${duration(total?.p99)}`} />
      <Tile
        name="Saved by a fallback"
        value={share(figures.recoveredShare ?? (figures.requests === 0 ? null : figures.recovered / figures.requests))}
        note={`${plural(figures.recovered, 'call')}, ${count(figures.rescued)} mended`}
      />
      <Tile
        name="Failed"
        value={count(figures.failed)}
        note={figures.requests === 0 ? 'no requests' : `${share(figures.failed / figures.requests)} of the last minute`}
        bad={figures.failed > 0}
      />
      <Tile
        name="Cost today"
        value={today === null ? 'unknown' : partialUsd(today.costUsd, today.unknownCost, today.requests)}
        note={
          today === null
            ? 'no ledger'
            : today.unknownCost > 0
              ? `${count(today.unknownCost)} of ${count(today.requests)} unpriced`
              : plural(today.requests, 'request')
        }
      />
    </dl>
  );
}

function Tile({ name, value, note, bad = false }: { name: string; value: string; note: string; bad?: boolean }) {
  return (
    <div class="tile panel">
      <dt>{name}</dt>
      <dd>
        <div class={bad ? 'figure bad-text' : 'figure'}>{value}</div>
        <div class="soft small">{note}</div>
      </dd>
    </div>
  );
}

function Chains() {
  const [name, setName] = useState<string | undefined>(undefined);
  const all = chains.value;
  const chosen = all.find((chain) => chain.name === name) ?? all[0];
  return (
    <Panel
      title="Chain"
      actions={
        all.length > 1 && chosen !== undefined && all.length <= 5 ? (
          <Segments
            label="Chain"
            value={chosen.name}
            choices={all.map((chain) => ({ value: chain.name, text: chain.name }))}
            onChange={setName}
          />
        ) : all.length > 5 && chosen !== undefined ? (
          <select
            class="input"
            aria-label="Chain"
            value={chosen.name}
            onChange={(event) => setName(event.currentTarget.value)}
          >
            {all.map((chain) => (
              <option key={chain.name}>{chain.name}</option>
            ))}
          </select>
        ) : undefined
      }
    >
      {chosen === undefined || chosen.targets.length === 0 ? (
        <Empty title="No target is configured">
          <p>A model entry makes the first one.</p>
          <a class="button" href="/config/new">
            Create an entry
          </a>
        </Empty>
      ) : (
        <ChainPicture chain={chosen} />
      )}
    </Panel>
  );
}

const perSecond = (value: number | null): string => `${rate(value)}/s`;

function Charts() {
  const beat = Math.floor(clock.value / series.bucketMs);
  // New columns once in a bucket's time, and when the past was filled in.
  const filled = pulse.value < 3 ? pulse.value : 3;
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setTurn(1), 1_500);
    return () => clearTimeout(timer);
  }, []);
  const columns = useMemo(() => series.columns(clock.value), [beat, filled, turn]);
  const lastRate = columns.rate.at(-1) ?? 0;
  const lastFirst = columns.firstP50.findLast((value) => value !== null) ?? null;
  return (
    <div class="columns">
      <Panel>
        <Chart
          title="Requests per second"
          data={[columns.at, columns.rate, columns.recovered, columns.failed]}
          lines={[
            { label: 'all', color: '--accent', fill: true, show: perSecond },
            { label: 'recovered', color: '--warn', show: perSecond },
            { label: 'failed', color: '--bad', dash: true, show: perSecond },
          ]}
          axis={(value) => rate(value)}
          summary={`Requests per second over the last hour, just now ${rate(lastRate)}.`}
        />
      </Panel>
      <Panel>
        <Chart
          title="Time to the first token"
          data={[columns.at, columns.firstP50, columns.firstP99]}
          lines={[
            { label: 'p50', color: '--accent', show: duration },
            { label: 'p99', color: '--warn', dash: true, show: duration },
          ]}
          axis={(value) => duration(value)}
          summary={`Time to the first token over the last hour, median just now ${duration(lastFirst)}.`}
        />
      </Panel>
    </div>
  );
}

const SHOWN = 8;

/** The list as it was when the mouse began to move over it. */
function useKept<T>(items: Iterable<T>): [readonly T[], ReturnType<typeof useStill>] {
  const [kept, setKept] = useState<readonly T[] | undefined>(undefined);
  const now = [...items];
  const pointer = useStill((isStill) => setKept(isStill ? now : undefined));
  return [kept ?? now, pointer];
}

function UnderWay() {
  const [kept, pointer] = useKept(active.value);
  const calls = kept.slice(0, SHOWN);
  return (
    <Panel title="Under way" actions={<span class="soft">{count(activeTotal.value)}</span>} flush>
      {calls.length === 0 ? (
        <Empty title="No call is under way" />
      ) : (
        <ul class="short-list" {...pointer}>
          {calls.map((call) => (
            <li key={call.id}>
              <a href={`/requests/${encodeURIComponent(call.id)}`} class="row between">
                <span class="row grow">
                  <Badge
                    look={
                      call.answering
                        ? { text: 'answering', tone: 'good', shape: 'dot' }
                        : call.attempts > 1
                          ? { text: `attempt ${call.attempts}`, tone: 'warn', shape: 'arrow' }
                          : { text: 'waiting', tone: 'info', shape: 'half' }
                    }
                  />
                  <span class="clip grow">{call.target ?? (call.requestedModel || 'default')}</span>
                </span>
                <span class="soft nowrap">{duration(Math.max(0, clock.value - call.startedAt))}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** What did not go straight: the requests worth opening. */
function Notable() {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const first = useAnswer<{ data: readonly Row[] }>(`/api/requests?rescued=true&limit=${SHOWN}`);
  const failed = useAnswer<{ data: readonly Row[] }>(`/api/requests?outcome=failed&limit=${SHOWN}`);
  useEffect(
    () =>
      onRequests((arrived) => {
        const notable = arrived.filter((row) => isRescued(row) || outcomeLook(row).tone === 'bad').toReversed();
        if (notable.length > 0) setRows((before) => [...notable, ...before].slice(0, 50));
      }),
    [],
  );
  const all = new Map<string, Row>();
  for (const row of [...rows, ...(first.data?.data ?? []), ...(failed.data?.data ?? [])]) all.set(keyOfRow(row), row);
  const [kept, pointer] = useKept(all.values());
  const shown = [...kept].toSorted((a, b) => endOf(b) - endOf(a)).slice(0, SHOWN);
  return (
    <Panel title="Lately recovered or failed" actions={<a href="/requests?rescued=true">All recovered</a>} flush>
      {shown.length === 0 ? (
        <Empty title="Nothing yet">
          <p>Requests that needed a second attempt, or failed, show up here.</p>
        </Empty>
      ) : (
        <ul class="short-list" {...pointer}>
          {shown.map((row) => (
            <li key={keyOfRow(row)}>
              <a href={`/requests/${encodeURIComponent(row.id)}`} class="row between">
                <span class="row grow">
                  <Badge look={outcomeLook(row)} />
                  <Route row={row} />
                </span>
                <span class="soft nowrap">{clockTime(row.startedAt)}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

const endOf = (row: Row): number => row.startedAt + (row.tookMs ?? 0);
