import { useEffect, useState } from 'preact/hooks';
import { ApiError, ask, messageOf, post } from '../api/client.ts';
import { chains } from '../api/live.ts';
import type { Cell, Rehearsal, WaterfallAttempt } from '../api/types.ts';
import { duration, plural } from '../lib/format.ts';
import { CELLS, cellKey, cellsOf, countsOf, withCell } from '../lib/rehearsal.ts';
import { Icon, StateShape } from '../ui/icons.tsx';
import { Badge, Dialog, Empty, Head, Notice, Panel, Tag } from '../ui/parts.tsx';
import { useAction, useAnswer } from '../ui/use.ts';
import { WaterfallPicture } from '../ui/waterfall.tsx';

export function Rehearse() {
  const { rehearsal, error: lost, follow } = useRehearsal();
  const [model, setModel] = useState('');
  const [open, setOpen] = useState<Cell | undefined>(undefined);
  const isRunning = rehearsal?.state === 'running';
  const run = useAction(async () => {
    await post<Rehearsal>('/api/rehearsal', model === '' ? {} : { model });
    follow();
  });
  const cancel = useAction(async () => {
    await post('/api/rehearsal/cancel');
  });
  return (
    <>
      <Head title="Rehearse">
        <select
          class="input rehearsed"
          aria-label="What to rehearse"
          value={model}
          disabled={isRunning}
          onChange={(event) => setModel(event.currentTarget.value)}
        >
          <option value="">The default walk</option>
          {chains.value
            .filter((chain) => chain.model !== '')
            .map((chain) => (
              <option key={chain.name} value={chain.model}>
                {chain.name}
              </option>
            ))}
        </select>
        {isRunning ? (
          <button type="button" class="button" disabled={cancel.busy} onClick={() => void cancel.start()}>
            <Icon name="stop" /> Stop
          </button>
        ) : (
          <button type="button" class="button main-action" disabled={run.busy} onClick={() => void run.start()}>
            <Icon name="play" /> Run
          </button>
        )}
      </Head>
      <div class="stack">
        <p class="soft">
          Plays every failure against every target of the walk, with stand-ins on this machine in place of the vendors,
          and shows what your callers would see. No vendor is asked and nothing is spent.
        </p>
        {(run.error ?? cancel.error ?? lost) !== undefined && (
          <Notice tone="bad">{run.error ?? cancel.error ?? lost}</Notice>
        )}
        {rehearsal === undefined ? (
          <Panel>
            <Empty title="Not rehearsed yet">
              <p>It takes some seconds; answers under way go on meanwhile.</p>
            </Empty>
          </Panel>
        ) : (
          <Matrix rehearsal={rehearsal} onOpen={setOpen} />
        )}
      </div>
      {open !== undefined && rehearsal !== undefined && (
        <CellDialog cell={open} rehearsal={rehearsal} onClose={() => setOpen(undefined)} />
      )}
    </>
  );
}

/** The rehearsal of now or last, followed while it runs. */
function useRehearsal() {
  const [rehearsal, setRehearsal] = useState<Rehearsal | undefined>(undefined);
  const [error, setError] = useState<string | undefined>(undefined);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let source: EventSource | undefined;
    let isOver = false;
    const load = async (): Promise<void> => {
      try {
        const answer = await ask<Rehearsal>('/api/rehearsal');
        if (isOver) return;
        setError(undefined);
        setRehearsal(answer);
        if (answer.state === 'running') listen();
      } catch (thrown) {
        const isNone = thrown instanceof ApiError && thrown.status === 404;
        if (!isOver && !isNone) setError(messageOf(thrown));
      }
    };
    const listen = (): void => {
      source = new EventSource('/api/rehearsal/events');
      source.addEventListener('rehearsal', (event) => setRehearsal(dataOf(event) as Rehearsal));
      source.addEventListener('cell', (event) => {
        const cell = dataOf(event) as Cell;
        setRehearsal((before) => (before === undefined ? before : withCell(before, cell)));
      });
      const stop = (): void => {
        source?.close();
        if (!isOver) void load();
      };
      source.addEventListener('end', stop);
      // A lost connection: asked once more how it stands, which listens again while it runs.
      source.addEventListener('error', () => {
        source?.close();
        if (!isOver) setTimeout(() => !isOver && void load(), 1_000);
      });
    };
    void load();
    return () => {
      isOver = true;
      source?.close();
    };
  }, [turn]);
  return { rehearsal, error, follow: () => setTurn((value) => value + 1) };
}

const dataOf = (event: Event): unknown => JSON.parse((event as MessageEvent<string>).data);

function Matrix({ rehearsal, onOpen }: { rehearsal: Rehearsal; onOpen: (cell: Cell) => void }) {
  const cells = cellsOf(rehearsal);
  const counts = countsOf(cells.values());
  const isRunning = rehearsal.state === 'running';
  return (
    <Panel
      title={
        isRunning
          ? 'Playing'
          : rehearsal.state === 'done'
            ? 'What your callers would see'
            : rehearsal.state === 'cancelled'
              ? 'Stopped'
              : 'Failed'
      }
      actions={
        <span class="row wrap" role="status">
          {counts.map(([outcome, number]) => (
            <Badge key={outcome} look={CELLS[outcome]}>
              {number} {CELLS[outcome].text}
            </Badge>
          ))}
        </span>
      }
      flush
    >
      {isRunning && (
        <div class="body-pad">
          <div
            class="meter"
            role="progressbar"
            aria-label="Played"
            aria-valuenow={rehearsal.done}
            aria-valuemin={0}
            aria-valuemax={rehearsal.of}
          >
            <div style={{ width: `${(rehearsal.done / Math.max(1, rehearsal.of)) * 100}%` }} />
          </div>
          <p class="soft small">
            {rehearsal.done} of {rehearsal.of}
          </p>
        </div>
      )}
      {rehearsal.error !== null && (
        <div class="body-pad">
          <Notice tone="bad">{rehearsal.error}</Notice>
        </div>
      )}
      {rehearsal.leftOut.length > 0 && (
        <div class="body-pad">
          <Notice tone="warn">Left out, because there is no stand-in for them: {rehearsal.leftOut.join(', ')}</Notice>
        </div>
      )}
      <div class="table-wrap matrix-wrap" tabIndex={0} role="region" aria-label="Failures by target">
        <table class="table matrix">
          <thead>
            <tr>
              <th>When this happens</th>
              {rehearsal.targets.map((target, index) => (
                <th key={index} title={`${target.entry}/${target.model}`}>
                  <div class="soft">at target {index + 1}</div>
                  <div class="clip">{target.entry}</div>
                  <div class="clip soft">{target.model}</div>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rehearsal.faults.map((fault) => (
              <tr key={fault.id}>
                <th scope="row">{fault.title}</th>
                {rehearsal.targets.map((target, index) => {
                  const cell = cells.get(cellKey(fault.id, index + 1));
                  return (
                    <td key={index}>
                      {cell === undefined ? (
                        <span class="cell soft">{isRunning ? '…' : '–'}</span>
                      ) : (
                        <button
                          type="button"
                          class={`cell ${CELLS[cell.outcome].tone}`}
                          aria-label={`${CELLS[cell.outcome].text} ${duration(cell.tookMs)}: ${fault.title} at ${target.entry}, ${CELLS[cell.outcome].means}`}
                          onClick={() => onOpen(cell)}
                        >
                          <StateShape shape={CELLS[cell.outcome].shape} />
                          <span class="grow">{CELLS[cell.outcome].text}</span>
                          <span class="small">{duration(cell.tookMs)}</span>
                        </button>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="body-pad small soft">
        Times are those of the caller; the rehearsal itself runs {rehearsal.factor} times as fast.{' '}
        {counts.map(([outcome]) => `${CELLS[outcome].text}: ${CELLS[outcome].means}`).join('; ')}
        {counts.length > 0 && '.'}
      </p>
    </Panel>
  );
}

function CellDialog({ cell, rehearsal, onClose }: { cell: Cell; rehearsal: Rehearsal; onClose: () => void }) {
  const target = rehearsal.targets[cell.target - 1];
  const fault = rehearsal.faults.find((one) => one.id === cell.fault);
  const { data, error } = useAnswer<Omit<Cell, 'attempts'> & { attempts: readonly WaterfallAttempt[] }>(
    `/api/rehearsal/cell?fault=${encodeURIComponent(cell.fault)}&target=${cell.target}`,
  );
  const look = CELLS[cell.outcome];
  return (
    <Dialog title={fault?.title ?? cell.fault} wide onClose={onClose}>
      <div class="stack">
        <div class="row wrap">
          <Badge look={look} />
          <span>
            at {target?.entry} ({target?.model})
          </span>
          <Tag>{plural(cell.attempts, 'attempt')}</Tag>
          <Tag>{duration(cell.tookMs)}</Tag>
        </div>
        <p>The caller's view: {look.means}.</p>
        {cell.note !== null && <Notice tone={cell.outcome === 'broken' ? 'bad' : 'info'}>{cell.note}</Notice>}
        {error !== undefined && <Notice tone="bad">{error}</Notice>}
        {data !== undefined && <WaterfallPicture attempts={data.attempts} tookMs={cell.tookMs} />}
      </div>
    </Dialog>
  );
}
