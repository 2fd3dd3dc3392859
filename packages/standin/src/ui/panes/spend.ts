import type { Budget, Budgets, UsageRow } from '@standin/dashboard/api/types';
import { count, partialUsd, plural, relative, short, usd } from '@standin/dashboard/lib/format';
import { sinceOf, totalOf, type Period } from '@standin/dashboard/lib/spend';
import type { Area, Canvas } from '../screen/canvas.ts';
import { FIRST, kept, moved, type ListPlace } from '../screen/list.ts';
import { BOLD, CYAN, DIM, GREEN, PLAIN, RED, REVERSE, YELLOW, type Look } from '../screen/style.ts';
import { drawAway } from './away.ts';
import { drawHeads, drawRow, fitted, type Column } from './columns.ts';
import type { Pane, Surroundings } from './pane.ts';

const GROUPS = ['model', 'provider', 'key', 'agent', 'day'] as const;
const PERIODS: readonly Period[] = ['today', '7d', '30d', 'all'];
const AGAIN_MS = 5_000;

interface Answers {
  readonly usage: readonly UsageRow[];
  readonly budgets: Budgets;
  readonly keys: ReadonlyMap<string, string>;
}

/** Where the money goes, and what is left of each limit. */
export function createSpendPane({ link, redraw, say }: Surroundings): Pane {
  let group: (typeof GROUPS)[number] = 'model';
  let period: Period = '7d';
  let place: ListPlace = FIRST;
  let height = 10;
  let answers: Answers | undefined;
  let failure: string | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let turn = 0;

  const ask = (): void => {
    if (link.state.kind !== 'live') return;
    askedAt = Date.now();
    const mine = ++turn;
    const since = sinceOf(period, Date.now() + link.feed.skewMs);
    const query = `by=${group}${since === undefined ? '' : `&since=${since}`}`;
    Promise.all([
      link.client.ask<{ readonly data: readonly UsageRow[] }>(`/api/usage?${query}`),
      link.client.ask<Budgets>('/api/budgets'),
      group === 'key'
        ? link.client.ask<{ readonly data: readonly { readonly id: string; readonly name: string }[] }>('/api/keys')
        : { data: [] },
    ]).then(
      ([{ data }, budgets, keys]) => {
        if (mine !== turn) return;
        answers = { usage: data, budgets, keys: new Map(keys.data.map(({ id, name }) => [id, name])) };
        failure = undefined;
        redraw();
      },
      (error: unknown) => {
        if (mine !== turn) return;
        failure = (error as Error).message;
        redraw();
      },
    );
  };
  const next = <T>(list: readonly T[], now: T, step: number): T =>
    list[(list.indexOf(now) + step + list.length) % list.length] ?? now;

  return {
    title: 'Spend',
    isTyping: false,
    look(isFirst) {
      if (isFirst || Date.now() - askedAt >= AGAIN_MS) ask();
    },
    linked() {
      if (link.state.kind === 'live' && answers === undefined) ask();
    },
    key({ name }) {
      const rows = answers?.usage.length ?? 0;
      const to = moved(place, name, rows, height);
      if (to !== undefined) {
        place = to;
        return true;
      }
      if (name === 'b' || name === 'right' || name === 'left') group = next(GROUPS, group, name === 'left' ? -1 : 1);
      else if (name === 't') period = next(PERIODS, period, 1);
      else if (name !== 'R') return false;
      place = FIRST;
      say(`Spend by ${group}, ${periodText(period)}.`);
      ask();
      return true;
    },
    hints: () => [
      ['←→', 'model/provider/key/agent/day'],
      ['t', 'period'],
      ['↑↓', 'scroll'],
    ],
    draw(canvas, area) {
      const { state } = link;
      if (state.kind !== 'live') return drawAway(canvas, area, state);
      if (answers === undefined)
        return void canvas.put(
          area.x + 1,
          area.y,
          failure ?? 'Reading the ledger …',
          failure === undefined ? DIM : RED,
          area.width - 2,
        );
      const { usage, budgets, keys } = answers;
      let y = area.y;
      if (failure !== undefined) canvas.put(area.x + 1, y++, failure, RED, area.width - 2);
      y = drawBudgets(
        canvas,
        { ...area, y, height: Math.floor(area.height / 2) },
        budgets,
        Date.now() + link.feed.skewMs,
      );
      canvas.put(area.x + 1, y++, `Spend by ${group}, ${periodText(period)}`, BOLD, area.width - 2);
      const columns = fitted(columnsOf(group, keys), area.width - 3);
      drawHeads(canvas, area.x + 2, y++, columns, DIM);
      height = Math.max(1, area.y + area.height - y - 2);
      place = kept(place, usage.length, height);
      usage.slice(place.top, place.top + height).forEach((row, index) => {
        const isAt = place.top + index === place.selected;
        if (isAt) canvas.blank({ ...area, y: y + index, height: 1 }, REVERSE);
        canvas.put(area.x, y + index, isAt ? '>' : ' ', isAt ? REVERSE : PLAIN);
        drawRow(canvas, area.x + 2, y + index, columns, row, isAt ? REVERSE : undefined);
      });
      const last = y + Math.min(height, usage.length);
      if (usage.length === 0) canvas.put(area.x + 2, y, 'Nothing was recorded in this time.', DIM);
      else drawRow(canvas, area.x + 2, last, columns, { ...totalOf(usage), name: TOTAL }, BOLD);
    },
  };
}

const TOTAL = ' all together';

const periodText = (period: Period): string =>
  ({ today: 'today (UTC)', '7d': 'the last 7 days', '30d': 'the last 30 days', all: 'all that is kept' })[period];

function columnsOf(group: string, keys: ReadonlyMap<string, string>): readonly Column<UsageRow>[] {
  // By model and provider the ledger counts attempts of unknown cost, else requests.
  const countOf = (row: UsageRow): number => (group === 'model' || group === 'provider' ? row.attempts : row.requests);
  return [
    {
      title: group,
      width: 14,
      grows: true,
      text: ({ name }) => (name === null ? '(none)' : name === TOTAL ? TOTAL.trim() : (keys.get(name) ?? name)),
    },
    { title: 'requests', width: 8, right: true, text: ({ requests }) => count(requests) },
    {
      title: 'failed',
      width: 6,
      right: true,
      text: ({ failed }) => count(failed),
      look: ({ failed }) => (failed > 0 ? RED : PLAIN),
    },
    { title: 'input', width: 8, right: true, text: (row) => tokens(row.input_tokens, row) },
    { title: 'output', width: 8, right: true, text: (row) => tokens(row.output_tokens, row) },
    { title: 'cached', width: 8, right: true, from: 90, text: (row) => tokens(row.cache_read_tokens, row) },
    {
      title: 'cost',
      width: 11,
      right: true,
      text: (row) => partialUsd(row.cost_usd, row.unknown_cost, countOf(row)),
      look: ({ unknown_cost: unknown }) => (unknown > 0 ? YELLOW : PLAIN),
    },
    {
      title: 'of unknown cost',
      width: 15,
      right: true,
      from: 100,
      text: ({ unknown_cost: unknown }) => (unknown > 0 ? count(unknown) : ''),
    },
  ];
}

function tokens(value: number, { unknown_usage: unknown, attempts, requests }: UsageRow): string {
  if (unknown > 0 && value === 0 && unknown >= Math.min(attempts, requests)) return 'unknown';
  return `${unknown > 0 ? '≥ ' : ''}${short(value)}`;
}

/** Returns the line after it. */
function drawBudgets(canvas: Canvas, area: Area, { data, unknownPrice, gaps }: Budgets, now: number): number {
  const { x, width } = area;
  let { y } = area;
  const end = area.y + area.height;
  if (data.length === 0) {
    canvas.put(x + 1, y++, 'No budget is set ([budgets] in Config limits money and tokens).', DIM, width - 2);
  } else {
    const columns = fitted(budgetColumns(canvas, now), width - 3);
    drawHeads(canvas, x + 2, y++, columns, DIM);
    const room = Math.max(1, end - y - 2);
    for (const budget of data.slice(0, room)) drawRow(canvas, x + 2, y++, columns, budget);
    if (data.length > room)
      canvas.put(x + 2, y++, `and ${plural(data.length - room, 'limit')} more (standin keys list, Config)`, DIM);
    if (unknownPrice === 'refuse') canvas.put(x + 2, y++, 'Models without a known price are refused.', DIM, width - 3);
  }
  if (gaps.droppedRequests > 0)
    canvas.put(
      x + 1,
      y++,
      `${plural(gaps.droppedRequests, 'request')} not in these sums: the disk did not keep up.`,
      YELLOW,
      width - 2,
    );
  return y + 1;
}

const used = (one: Budget): number =>
  one.measure === 'usd'
    ? share(Number(one.usedUsd), Number(one.limitUsd))
    : share(one.usedTokens ?? 0, one.limitTokens ?? 0);

const share = (part: number, whole: number): number => (whole <= 0 ? 1 : Math.min(1, Math.max(0, part / whole)));

const lookOf = (one: Budget): Look => (used(one) >= 1 ? RED | BOLD : used(one) >= 0.8 ? YELLOW : GREEN);

function budgetColumns({ glyphs }: Canvas, now: number): readonly Column<Budget>[] {
  const amount = (money: string | null, number: number | null): string =>
    money === null ? `${short(number)} tok` : usd(money);
  const bar = (one: Budget): string => {
    const full = Math.round(used(one) * 12);
    return glyphs.full.repeat(full) + glyphs.light.repeat(12 - full);
  };
  return [
    { title: 'budget', width: 16, grows: true, text: ({ title }) => title },
    { title: 'per', width: 5, text: ({ unit }) => unit },
    { title: '', width: 12, text: bar, look: lookOf },
    { title: 'left', width: 10, right: true, text: (one) => amount(one.leftUsd, one.leftTokens), look: lookOf },
    { title: 'of', width: 10, right: true, text: (one) => amount(one.limitUsd, one.limitTokens) },
    { title: 'at the limit', width: 12, from: 90, text: ({ action }) => action },
    { title: 'begins anew', width: 12, from: 70, text: ({ resetsAt }) => relative(resetsAt, now), look: () => CYAN },
  ];
}
