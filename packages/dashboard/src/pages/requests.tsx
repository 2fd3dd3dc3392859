import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ask, messageOf } from '../api/client.ts';
import { onRequests, snapshots } from '../api/live.ts';
import type { Row } from '../api/types.ts';
import { count, plural } from '../lib/format.ts';
import { filterOf, matches, queryOf, RowList, type RowFilter } from '../lib/rows.ts';
import { below, go, search } from '../router.ts';
import { bindKeys } from '../shortcuts.ts';
import { Icon } from '../ui/icons.tsx';
import { Empty, Head, Notice } from '../ui/parts.tsx';
import { useSize, useStill } from '../ui/use.ts';
import { Virtual } from '../ui/virtual.tsx';
import { RequestDetail } from './request-detail.tsx';
import { Filters, setFilter } from './requests-filters.tsx';
import { COLUMNS, HeadRow, NARROW, RowView } from './requests-row.tsx';

/** Rows asked for at first, and further down. */
const PAGE = 500;
const NEXT_PAGE = 2_000;
/** The list is drawn anew this often at most while requests stream in, milliseconds. */
const REDRAW_MS = 250;

const list = new RowList();
const held = signal(false);

export function Requests() {
  const id = below('/requests');
  const { ref, width } = useSize<HTMLDivElement>();
  const isSplit = width >= 1_080 && id !== '';
  const isNarrow = (isSplit ? width * 0.42 : width) < 620;
  return (
    <div ref={ref} class={isSplit ? 'split' : ''}>
      {(id === '' || isSplit) && width > 0 && <List openId={id} isNarrow={isNarrow} />}
      {id !== '' && (
        <div class="detail">
          {/* Without a key the parts of one request would show up in the next. */}
          <RequestDetail key={id} id={id} />
        </div>
      )}
    </div>
  );
}

function useRows(filter: RowFilter) {
  const [version, setVersion] = useState(0);
  const [error, setError] = useState<string | undefined>(undefined);
  const [loading, setLoading] = useState(true);
  const next = useRef<number | null>(null);
  const busy = useRef(false);
  const query = queryOf(filter);
  const draw = (): void => setVersion((value) => value + 1);

  useEffect(() => {
    const abort = new AbortController();
    setLoading(true);
    ask<{ data: readonly Row[]; next?: number | null }>(`/api/requests${queryOf(filter, { limit: PAGE })}`, {
      signal: abort.signal,
    }).then(
      (answer) => {
        list.replace(answer.data);
        next.current = answer.next ?? null;
        setError(undefined);
        setLoading(false);
        draw();
      },
      (thrown: unknown) => {
        if (abort.signal.aborted) return;
        setError(messageOf(thrown));
        setLoading(false);
      },
    );
    return () => abort.abort();
    // A snapshot after a lost connection: what was missed is fetched.
  }, [query, snapshots.value]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let costMs = 0;
    const stop = onRequests((rows) => {
      const fits = rows.filter((row) => matches(row, filter));
      if (fits.length === 0 || !list.arrive(fits, held.value || aimed.value)) return;
      // A slow machine draws less often, so that it stays free for its user.
      timer ??= setTimeout(
        () => {
          timer = undefined;
          const began = performance.now();
          draw();
          requestAnimationFrame(() => {
            costMs = Math.min(100, performance.now() - began);
          });
        },
        Math.max(REDRAW_MS, costMs * 10),
      );
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [query]);

  const more = (): void => {
    if (next.current === null || busy.current) return;
    busy.current = true;
    ask<{ data: readonly Row[]; next?: number | null }>(
      `/api/requests${queryOf(filter, { limit: NEXT_PAGE, before: next.current })}`,
    ).then(
      (answer) => {
        list.append(answer.data);
        next.current = answer.data.length === 0 ? null : (answer.next ?? null);
        busy.current = false;
        draw();
      },
      () => (busy.current = false),
    );
  };
  return { version, error, loading, more, draw };
}

function List({ openId, isNarrow }: { openId: string; isNarrow: boolean }) {
  const filter = useMemo(() => filterOf(search.value), [search.value]);
  const { error, loading, more, draw } = useRows(filter);
  const [at, showAt] = useState(-1);
  // Keys may follow each other faster than the page is drawn.
  const latestAt = useRef(-1);
  const setAt = (index: number): void => {
    latestAt.current = index;
    showAt(index);
  };
  const isPaused = held.value && !scrolled.value;
  const { rows } = list;

  const release = (): void => {
    list.release();
    draw();
  };
  const toggle = (): void => {
    held.value = !held.value;
    scrolled.value = false;
    if (!held.value) release();
  };
  const open = (row: Row | undefined): void => {
    if (row !== undefined) go(`/requests/${encodeURIComponent(row.id)}${queryOf(filter)}`);
  };
  const moveTo = (index: number): void => {
    // What is chosen must not slide away under new rows.
    if (!held.value) held.value = true;
    const place = Math.max(0, Math.min(rows.length - 1, index));
    setAt(place);
    if (openId !== '') open(rows[place]);
  };
  const keys = {
    j: () => moveTo(latestAt.current + 1),
    ArrowDown: () => moveTo(latestAt.current + 1),
    k: () => moveTo(latestAt.current - 1),
    ArrowUp: () => moveTo(latestAt.current - 1),
    Enter: () => open(list.rows[latestAt.current]),
    '.': toggle,
  };
  useLayoutEffect(() => bindKeys(keys));
  const pointer = useStill((isStill) => {
    aimed.value = isStill;
    if (!isStill && !held.value) release();
  });

  const columns = isNarrow ? NARROW : COLUMNS;
  const empty = rows.length === 0 && !loading && error === undefined;
  return (
    <div class="list-page">
      <Head title="Requests">
        <button type="button" class="button live-button" aria-pressed={held.value} onClick={toggle}>
          <Icon name={held.value ? 'play' : 'pause'} />
          {isPaused ? 'Go on' : held.value ? 'To the newest' : 'Hold'}
        </button>
        <a
          class="button"
          href={`/api/requests${queryOf(filter, { format: 'csv', limit: 10_000 })}`}
          download="requests.csv"
        >
          CSV
        </a>
      </Head>
      <Filters filter={filter} />
      {error !== undefined && <Notice tone="bad">{error}</Notice>}
      <div class="list-frame panel" {...pointer}>
        {list.waiting > 0 && (
          <button
            type="button"
            class="arrived"
            onClick={() => {
              held.value = false;
              scrolled.value = false;
              setAt(-1);
              release();
              document.querySelector('.list')?.scrollTo(0, 0);
            }}
          >
            <Icon name="up" /> {plural(list.waiting, 'new request')}
          </button>
        )}
        {empty ? (
          <Empty title={queryOf(filter) === '' ? 'No request yet' : 'No request matches'}>
            {queryOf(filter) === '' ? (
              <>
                <p>Point a client at this gateway, or ask something in the playground.</p>
                <a class="button" href="/playground">
                  Open the playground
                </a>
              </>
            ) : (
              <button type="button" class="button" onClick={() => setFilter({})}>
                Clear the filters
              </button>
            )}
          </Empty>
        ) : (
          <Virtual
            count={rows.length}
            rowHeight={isNarrow ? 58 : 34}
            label="Requests, newest first"
            columns={columns.length}
            head={isNarrow ? undefined : <HeadRow />}
            focused={at}
            onTop={(isTop) => {
              if (isTop && held.value && scrolled.value) {
                held.value = false;
                scrolled.value = false;
                release();
              } else if (!isTop && !held.value) {
                held.value = true;
                scrolled.value = true;
              }
            }}
            onEnd={more}
            row={(index) => {
              const row = rows[index];
              return row === undefined ? null : (
                <RowView
                  row={row}
                  index={index}
                  isOpen={row.id === openId}
                  isAt={index === at}
                  isNarrow={isNarrow}
                  filter={filter}
                />
              );
            }}
          />
        )}
      </div>
      <p class="soft small">
        {count(rows.length)} shown{list.waiting > 0 ? `, ${count(list.waiting)} waiting` : ''}. The ledger keeps the
        older ones; scroll on for them.
      </p>
    </div>
  );
}

/** Held because the pointer is on its way to a row. */
const aimed = signal(false);
/** Held because the reader scrolled down, not by the button. */
const scrolled = signal(false);
