import type { Active, Row } from '@standin/dashboard/api/types';
import { clockTime, count, duration, usd } from '@standin/dashboard/lib/format';
import { outcomeLook } from '@standin/dashboard/lib/outcome';
import { CYAN } from '../screen/style.ts';
import type { Column } from './columns.ts';
import { lookOf } from './looks.ts';

/** A finished request, or one under way. */
export type Shown = { readonly row: Row } | { readonly active: Active };

export const KINDS = ['all', 'failed', 'recovered', 'ok'] as const;
export type Kind = (typeof KINDS)[number];

export function idOf(one: Shown | undefined): string | undefined {
  if (one === undefined) return undefined;
  return 'row' in one ? one.row.id : one.active.id;
}

export function isOfKind({ outcome, attempts, steps = 1, rescue }: Row, kind: Kind): boolean {
  switch (kind) {
    case 'all':
      return true;
    case 'ok':
      return outcome === 'ok';
    case 'failed':
      return outcome !== 'ok' && outcome !== 'cancelled' && outcome !== 'pending';
    case 'recovered':
      return outcome === 'ok' && (attempts > steps || (rescue ?? null) !== null);
  }
}

export const fitsWords = (text: string, words: readonly string[]): boolean =>
  words.every((word) => text.includes(word));

/** Names only, each cut: a filter is no search through megabytes. */
const joined = (parts: readonly (string | null | undefined)[]): string =>
  parts
    .map((part) => (part ?? '').slice(0, 300))
    .join(' ')
    .toLowerCase();

export const wordsOf = (row: Row): string =>
  joined([
    row.id,
    row.requestedModel,
    row.model,
    row.provider,
    row.outcome,
    row.errorCode,
    row.protocol,
    row.key,
    row.agent,
    row.rescue,
  ]);

export const wordsOfActive = (one: Active): string =>
  joined([one.id, one.requestedModel, one.target, one.protocol, one.key]);

/** `now`: the gateway's clock, Unix milliseconds. */
export function columnsOf(now: number): readonly Column<Shown>[] {
  const row =
    (get: (row: Row) => string, other: (active: Active) => string = () => '') =>
    (one: Shown) =>
      'row' in one ? get(one.row) : other(one.active);
  return [
    {
      title: 'time',
      width: 8,
      text: row(
        (one) => clockTime(one.startedAt),
        (one) => clockTime(one.startedAt),
      ),
    },
    {
      title: 'outcome',
      width: 11,
      text: row(
        (one) => outcomeLook(one).text,
        (one) => (one.answering ? 'answering' : 'asking'),
      ),
      look: (one) => ('row' in one ? lookOf(outcomeLook(one.row)) : CYAN),
    },
    {
      title: 'asked for',
      width: 12,
      grows: true,
      text: row(
        (one) => one.requestedModel,
        (one) => one.requestedModel,
      ),
    },
    {
      title: 'answered by',
      width: 16,
      grows: true,
      text: row(
        (one) => (one.provider === null ? '–' : `${one.provider}/${one.model ?? '?'}`),
        (one) => one.target ?? '–',
      ),
    },
    {
      title: 'try',
      width: 3,
      right: true,
      text: row(
        (one) => String(one.attempts),
        (one) => String(one.attempts),
      ),
    },
    { title: 'first', width: 7, right: true, from: 90, text: row((one) => duration(one.firstContentMs ?? null)) },
    {
      title: 'total',
      width: 7,
      right: true,
      text: row(
        (one) => duration(one.tookMs),
        (one) => duration(now - one.startedAt),
      ),
    },
    {
      title: 'tokens',
      width: 13,
      right: true,
      from: 110,
      text: row((one) => `${count(one.inputTokens ?? null)} → ${count(one.outputTokens ?? null)}`),
    },
    { title: 'cost', width: 9, right: true, text: row((one) => usd(one.costUsd ?? null)) },
    {
      title: 'protocol',
      width: 16,
      from: 140,
      text: row(
        (one) => one.protocol ?? '',
        (one) => one.protocol,
      ),
    },
    {
      title: 'key',
      width: 12,
      from: 160,
      text: row(
        (one) => one.key ?? '',
        (one) => one.key ?? '',
      ),
    },
    {
      title: 'id',
      width: 24,
      from: 180,
      text: row(
        (one) => one.id,
        (one) => one.id,
      ),
    },
  ];
}
