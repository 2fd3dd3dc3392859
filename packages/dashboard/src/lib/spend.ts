import type { UsageRow } from '../api/types.ts';

export type Period = 'today' | '7d' | '30d' | 'all';

const DAY_MS = 86_400_000;

/** Begin of a period in whole UTC days, today included; `undefined`: from the first row on. */
export function sinceOf(period: Period, now: number): number | undefined {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  if (period === 'all') return undefined;
  return today - (period === 'today' ? 0 : period === '7d' ? 6 : 29) * DAY_MS;
}

/** Money as text has nine decimals at most: whole nano-USD add up exactly. */
function nano(text: string): bigint {
  const [whole = '0', part = ''] = text.replace('-', '').split('.');
  const value = BigInt(whole) * 1_000_000_000n + BigInt(part.padEnd(9, '0').slice(0, 9));
  return text.startsWith('-') ? -value : value;
}

export function addUsd(texts: readonly string[]): string {
  const sum = texts.reduce((total, text) => total + nano(text), 0n);
  const size = sum < 0n ? -sum : sum;
  return `${sum < 0n ? '-' : ''}${size / 1_000_000_000n}.${String(size % 1_000_000_000n).padStart(9, '0')}`;
}

export function totalOf(rows: readonly UsageRow[]): UsageRow {
  const sum = (name: Exclude<keyof UsageRow, 'name' | 'cost_usd'>): number =>
    rows.reduce((total, row) => total + row[name], 0);
  return {
    name: null,
    requests: sum('requests'),
    failed: sum('failed'),
    attempts: sum('attempts'),
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    cache_read_tokens: sum('cache_read_tokens'),
    cost_usd: addUsd(rows.map((row) => row.cost_usd)),
    unknown_cost: sum('unknown_cost'),
    unknown_usage: sum('unknown_usage'),
  };
}

/** 0 to 1, against the dearest row; by tokens where no price is known at all. */
export function costShare(row: UsageRow, rows: readonly UsageRow[]): number {
  const costOf = (one: UsageRow): number => Number(one.cost_usd);
  const most = Math.max(...rows.map(costOf));
  if (most > 0) return Math.max(0, costOf(row) / most);
  const tokensOf = (one: UsageRow): number => one.input_tokens + one.output_tokens;
  const mostTokens = Math.max(1, ...rows.map(tokensOf));
  return tokensOf(row) / mostTokens;
}
