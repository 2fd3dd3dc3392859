import type { Row } from '../api/types.ts';

export interface RowFilter {
  readonly q?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly key?: string;
  readonly agent?: string;
  readonly outcome?: 'ok' | 'failed' | 'left';
  /** Recovered by another attempt, or mended. */
  readonly rescued?: boolean;
  readonly minTookMs?: number;
}

export const keyOfRow = (row: Row): string => `${row.id}\n${row.startedAt}`;

/** The gateway's own filters, applied to rows that arrive live. */
export function matches(row: Row, filter: RowFilter): boolean {
  const { q, model, provider, key, agent, outcome, rescued, minTookMs } = filter;
  if (model !== undefined && row.model !== model && row.requestedModel !== model) return false;
  if (provider !== undefined && row.provider !== provider) return false;
  if (key !== undefined && row.key !== key) return false;
  if (agent !== undefined && row.agent !== agent) return false;
  if (outcome !== undefined && groupOf(row.outcome) !== outcome) return false;
  if (rescued === true && !isRescued(row)) return false;
  if (minTookMs !== undefined && (row.tookMs ?? 0) < minTookMs) return false;
  if (q === undefined || q === '') return true;
  const wanted = q.toLowerCase();
  return [row.id, row.model, row.requestedModel, row.provider, row.agent].some(
    (text) => text?.toLowerCase().includes(wanted) === true,
  );
}

export function groupOf(outcome: string): 'ok' | 'failed' | 'left' {
  if (outcome === 'ok') return 'ok';
  return outcome === 'cancelled' || outcome === 'left' ? 'left' : 'failed';
}

export function isRescued(row: Row): boolean {
  return row.outcome === 'ok' && (row.attempts > (row.steps ?? 1) || (row.rescue !== null && row.rescue !== undefined));
}

export function queryOf(filter: RowFilter, more: Readonly<Record<string, string | number>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, ...more }))
    if (value !== undefined && value !== '' && value !== false) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export function filterOf(search: string): RowFilter {
  const query = new URLSearchParams(search);
  const filter: { -readonly [K in keyof RowFilter]: RowFilter[K] } = {};
  for (const name of ['q', 'model', 'provider', 'key', 'agent'] as const) {
    const value = query.get(name);
    if (value !== null && value !== '') filter[name] = value;
  }
  const outcome = query.get('outcome');
  if (outcome === 'ok' || outcome === 'failed' || outcome === 'left') filter.outcome = outcome;
  if (query.get('rescued') === 'true') filter.rescued = true;
  const minTookMs = Number(query.get('minTookMs') ?? '');
  if (Number.isFinite(minTookMs) && minTookMs > 0) filter.minTookMs = minTookMs;
  return filter;
}

/** Rows the list holds at most by what arrives live; older ones are reached by scrolling on. */
export const CAPACITY = 10_000;

/**
 * The list's rows, newest first. While it is held (paused, or scrolled away from the top), arrivals wait and are only
 * counted, so that nothing moves under the reader's eyes.
 */
export class RowList {
  #rows: readonly Row[] = [];
  #waiting: Row[] = [];
  #keys = new Set<string>();
  #omitted = 0;

  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** Arrivals that are held back, those that were dropped from the wait included. */
  get waiting(): number {
    return this.#waiting.length + this.#omitted;
  }

  /** Rows newest first, as the gateway lists them. */
  replace(rows: readonly Row[]): void {
    this.#rows = rows;
    this.#waiting = [];
    this.#omitted = 0;
    this.#keys = new Set(rows.map(keyOfRow));
  }

  /** The next page, older than all that is there. */
  append(rows: readonly Row[]): void {
    const fresh = rows.filter((row) => !this.#keys.has(keyOfRow(row)));
    for (const row of fresh) this.#keys.add(keyOfRow(row));
    this.#rows = [...this.#rows, ...fresh];
  }

  /** Rows oldest first, as they arrive. Returns whether anything changed. */
  arrive(rows: readonly Row[], held: boolean): boolean {
    const fresh = rows.filter((row) => !this.#keys.has(keyOfRow(row)));
    if (fresh.length === 0) return false;
    for (const row of fresh) {
      this.#keys.add(keyOfRow(row));
      this.#waiting.push(row);
    }
    const surplus = this.#waiting.length - CAPACITY;
    if (surplus > 0) {
      for (const row of this.#waiting.splice(0, surplus)) this.#keys.delete(keyOfRow(row));
      this.#omitted += surplus;
    }
    if (!held) this.release();
    return true;
  }

  /** What waited becomes part of the list. */
  release(): void {
    if (this.#waiting.length === 0) return;
    const rows = [...this.#waiting.toReversed(), ...this.#rows];
    this.#waiting = [];
    this.#omitted = 0;
    for (const row of rows.slice(CAPACITY)) this.#keys.delete(keyOfRow(row));
    this.#rows = rows.length > CAPACITY ? rows.slice(0, CAPACITY) : rows;
  }
}
