import { describe, expect, it } from 'vitest';
import type { Row, WaterfallAttempt } from '../src/api/types.ts';
import { bytes, duration, partialUsd, rate, relative, share, short, usd } from '../src/lib/format.ts';
import { Flows } from '../src/lib/flow.ts';
import { layoutChain, wireOf } from '../src/lib/chain-layout.ts';
import { outcomeLook } from '../src/lib/outcome.ts';
import { plainControls } from '../src/lib/plain-text.ts';
import { CAPACITY, filterOf, matches, queryOf, RowList } from '../src/lib/rows.ts';
import { quantile, Series } from '../src/lib/series.ts';
import { addUsd, costShare, sinceOf, totalOf } from '../src/lib/spend.ts';
import { barsOf, ticksOf } from '../src/lib/waterfall.ts';
import { visibleRows } from '../src/lib/window.ts';

const row = (id: string, more: Partial<Row> = {}): Row => ({
  id,
  startedAt: 1_000,
  requestedModel: 'm',
  outcome: 'ok',
  tookMs: 100,
  attempts: 1,
  provider: 'custom.a',
  model: 'm',
  ...more,
});

describe('numbers in words', () => {
  it('keep what is not known apart from nothing', () => {
    expect(usd(null)).toBe('unknown');
    expect(usd('0.000000000')).toBe('$0');
    expect(duration(null)).toBe('–');
    expect(partialUsd('0.050000000', 0, 4)).toBe('$0.050');
    expect(partialUsd('0.050000000', 3, 4)).toBe('≥ $0.050');
    expect(partialUsd('0.000000000', 4, 4)).toBe('unknown');
  });

  it('have the precision that says something', () => {
    expect(['0.000042', '0.0123', '1.204', '12345.6'].map(usd)).toEqual(['$0.000042', '$0.012', '$1.20', '$12,346']);
    expect([3, 999.6, 1_240, 59_960, 125_000, 7_300_000, 90_000_000].map(duration)).toEqual([
      '3 ms', '1.00 s', '1.24 s', '1 m 00 s', '2 m 05 s', '2 h 02 m', '1 d 01 h',
    ]); // prettier-ignore
    expect([999, 1_000, 12_345, 999_950, 4_560_000].map(short)).toEqual(['999', '1.00k', '12.3k', '1.00M', '4.56M']);
    expect([0, 0.0002, 0.049, 0.3, 0.998, 1].map(share)).toEqual([
      '0 %',
      '< 0.1 %',
      '4.9 %',
      '30 %',
      '99.8 %',
      '100 %',
    ]);
    expect([0, 0.25, 8, 13.54, 512.3].map(rate)).toEqual(['0', '0.25', '8.0', '13.5', '512']);
    expect([512, 2_048, 5_000_000].map(bytes)).toEqual(['512 B', '2.00 KiB', '4.77 MiB']);
    expect(relative(42_000, 0)).toBe('in 42 s');
    expect(relative(0, 200)).toBe('now');
  });
});

describe('text of unknown origin', () => {
  it('shows controls instead of obeying them', () => {
    expect(plainControls('\u001b[31mred\u0007\r\n\tend')).toBe('␛[31mred␇\n\tend');
    expect(plainControls('a\u202eb\u009bc\u007f')).toBe('a‹U+202E›b‹U+009B›c‹U+007F›');
  });
});

describe('the list of requests', () => {
  it('puts arrivals on top and keeps each once', () => {
    const list = new RowList();
    list.replace([row('b'), row('a')]);
    expect(list.arrive([row('b'), row('c'), row('d')], false)).toBe(true);
    expect(list.rows.map(({ id }) => id)).toEqual(['d', 'c', 'b', 'a']);
    expect(list.arrive([row('c')], false)).toBe(false);
    // A caller's own id that comes again is another request.
    expect(list.arrive([row('c', { startedAt: 2_000 })], false)).toBe(true);
  });

  it('holds arrivals back while somebody reads, and counts them', () => {
    const list = new RowList();
    list.replace([row('a')]);
    list.arrive([row('b')], true);
    list.arrive([row('c')], true);
    expect([list.rows.length, list.waiting]).toEqual([1, 2]);
    list.release();
    expect(list.rows.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(list.waiting).toBe(0);
  });

  it('stays bounded, held or not', () => {
    const list = new RowList();
    for (let batch = 0; batch < 22; batch++)
      list.arrive(
        Array.from({ length: 1_000 }, (_, index) => row(`${batch} ${index}`)),
        batch > 10,
      );
    expect(list.rows).toHaveLength(CAPACITY);
    expect(list.waiting).toBe(11_000);
    list.release();
    expect(list.rows).toHaveLength(CAPACITY);
    expect(list.rows[0]?.id).toBe('21 999');
  });

  it('filters arrivals as the gateway filters the ledger', () => {
    const failed = row('x', { outcome: 'rate-limit', attempts: 3, provider: 'openai.b' });
    const mended = row('y', { attempts: 2, rescue: 'replay', tookMs: 9_000, agent: 'Researcher' });
    const left = row('z', { outcome: 'cancelled' });
    const all = [row('plain'), failed, mended, left];
    const found = (search: string) => all.filter((one) => matches(one, filterOf(search))).map(({ id }) => id);
    expect(found('')).toHaveLength(4);
    expect(found('outcome=failed')).toEqual(['x']);
    expect(found('outcome=left')).toEqual(['z']);
    expect(found('rescued=true')).toEqual(['y']);
    expect(found('minTookMs=5000')).toEqual(['y']);
    expect(found('q=research')).toEqual(['y']);
    expect(found('q=OPENAI')).toEqual(['x']);
    expect(found('provider=custom.a&outcome=ok')).toEqual(['plain', 'y']);
    expect(queryOf(filterOf('outcome=failed&q=a+b&bogus=1&minTookMs=-3'))).toBe('?q=a+b&outcome=failed');
  });

  it('draws the rows in sight and a few beside them, at the ends as well', () => {
    expect(visibleRows(0, 340, 34, 10_000)).toEqual({ from: 0, to: 16 });
    const { from, to } = visibleRows(34 * 5_000, 340, 34, 10_000);
    expect([from <= 5_000, to >= 5_010, to - from < 40]).toEqual([true, true, true]);
    expect(visibleRows(1e9, 340, 34, 100).to).toBe(100);
    expect(visibleRows(0, 340, 34, 0)).toEqual({ from: 0, to: 0 });
  });

  it('says what became of a request, not only where it ended', () => {
    const word = (more: Partial<Row>) => outcomeLook(row('a', more)).text;
    expect(word({})).toBe('ok');
    expect(word({ attempts: 2 })).toBe('recovered');
    expect(word({ attempts: 2, rescue: 'prefill' })).toBe('mended');
    expect(word({ attempts: 3, steps: 3 })).toBe('ok');
    expect(word({ attempts: 4, steps: 3 })).toBe('recovered');
    expect(word({ attempts: 0, cached: true })).toBe('from cache');
    expect(word({ outcome: 'quota', attempts: 4 })).toBe('quota');
    expect(word({ outcome: 'cancelled' })).toBe('caller left');
    expect(word({ outcome: 'pending' })).toBe('under way');
  });
});

describe('figures over time', () => {
  it('count a request when it ended, in buckets without gaps', () => {
    const series = new Series({ bucketMs: 1_000, buckets: 5 });
    series.add(row('a', { startedAt: 1_500, tookMs: 1_000, firstContentMs: 40 }));
    series.add(row('b', { startedAt: 2_100, tookMs: 100, firstContentMs: 80, outcome: 'server' }), 3);
    const { at, rate: perSecond, failed, firstP50, firstP99 } = series.columns(5_400);
    expect(at).toEqual([1, 2, 3, 4]);
    expect(perSecond).toEqual([0, 4, 0, 0]);
    expect(failed).toEqual([0, 3, 0, 0]);
    expect([firstP50[1], firstP99[1], firstP50[0]]).toEqual([40, 80, null]);
  });

  it('begin with the minutes before anybody looked; what stands there does not count again', () => {
    const series = new Series({ bucketMs: 5_000, buckets: 720 });
    const nothing = { failed: 0, rescued: 0, cached: 0, inputTokens: 0, outputTokens: 0, costUsd: '0', unknownCost: 0 };
    const point = (at: number, requests: number) => ({
      at,
      requests,
      ...nothing,
      firstContentMs: { p50: 30, p99: 90 },
    });
    series.add(row('early', { startedAt: 59_000, tookMs: 0 }));
    series.beginWith([point(0, 120), point(60_000, 60), point(120_000, 7)], 120_000);
    series.add(row('old', { startedAt: 100_000, tookMs: 1_000 }));
    series.add(row('new', { startedAt: 121_000, tookMs: 1_000, attempts: 2 }));
    const { at, rate: perSecond, firstP50, recovered } = series.columns(131_000);
    expect(at).toEqual([0, 60, 120, 125]);
    expect(perSecond).toEqual([2, 1, 0.2, 0]);
    expect(recovered).toEqual([0, 0, 0.2, 0]);
    expect(firstP50.slice(0, 2)).toEqual([30, 30]);
    // An hour later only what was live is left.
    expect(series.columns(120_000 + 3_600_000).at[0]).toBeGreaterThanOrEqual(120);
  });

  it('take rows that are late or long gone', () => {
    const series = new Series({ bucketMs: 1_000, buckets: 3 });
    for (const end of [10_000, 8_000, 9_000, 1_000, 11_000])
      series.add(row(String(end), { startedAt: end, tookMs: 0 }));
    expect(series.columns(12_000).rate).toEqual([1, 1]);
  });

  it('have percentiles by nearest rank', () => {
    expect(quantile([], 0.5)).toBeNull();
    expect(quantile([5], 0.99)).toBe(5);
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2);
  });

  it('flow along the edges and fade', () => {
    const flows = new Flows();
    flows.reset([{ from: 'caller', to: 'a', count: 120, failed: 60 }], 60_000, 0);
    expect(flows.of('caller', 'a', 0)).toEqual({ rate: 2, failedRate: 1 });
    for (let at = 250; at <= 30_000; at += 250) flows.add([{ from: 'a', to: 'b', count: 2, failed: 0 }], at);
    expect(flows.of('a', 'b', 30_000).rate).toBeGreaterThan(7);
    expect(flows.of('a', 'b', 30_000).rate).toBeLessThan(9);
    expect(flows.of('caller', 'a', 60_000).rate).toBe(0);
    expect(flows.of('b', 'c', 0).rate).toBe(0);
  });
});

describe('pictures', () => {
  it('lay a chain across where it fits, else down, never over the edge', () => {
    for (const width of [240, 390, 700, 1_100, 1_600]) {
      for (const cards of [1, 2, 4, 9]) {
        const layout = layoutChain(cards, width, true);
        for (const box of layout.cards) expect(box.x + box.width).toBeLessThanOrEqual(width + 0.001);
        const places = layout.cards.map(({ x, y }) => (layout.direction === 'across' ? x : y));
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        if (cards > 1) expect(wireOf(layout, 0, 1).d).toMatch(/^M/);
      }
    }
    expect(layoutChain(3, 1_200, false).direction).toBe('across');
    expect(layoutChain(3, 390, false).direction).toBe('down');
  });

  const attempt = (more: Partial<WaterfallAttempt>) =>
    ({ waitedMs: 0, startedMs: 0, firstContentMs: null, endedMs: 100, outcome: 'ok', ...more }) as WaterfallAttempt;

  it('split an attempt into wait, silence and content', () => {
    const kinds = (more: Partial<WaterfallAttempt>) =>
      barsOf(attempt(more), 1_000).map(({ kind, left, width }) => [kind, left, width]);
    expect(kinds({ waitedMs: 200, startedMs: 300, firstContentMs: 500, endedMs: 1_000 })).toEqual([
      ['wait', 10, 20], ['silent', 30, 20], ['content', 50, 50],
    ]); // prettier-ignore
    expect(kinds({ outcome: 'timeout', endedMs: 400 })).toEqual([['silent', 0, 40]]);
    expect(kinds({ outcome: 'truncated', firstContentMs: 100, endedMs: 300 })).toEqual([
      ['silent', 0, 10], ['lost', 10, 20],
    ]); // prettier-ignore
  });

  it('have an axis with few round times', () => {
    for (const end of [1, 9, 87, 640, 2_400, 61_000, 600_000]) {
      const ticks = ticksOf(end);
      expect(ticks[0]).toBe(0);
      expect(ticks.length).toBeLessThanOrEqual(7);
      expect(ticks.at(-1)).toBeLessThan(Math.max(1, end));
    }
    expect(ticksOf(2_400)).toEqual([0, 500, 1_000, 1_500, 2_000]);
  });
});

describe('spend', () => {
  const usage = (name: string, cost: string, unknown = 0) => ({
    name, requests: 2, failed: 0, attempts: 2, input_tokens: 10, output_tokens: 5, cache_read_tokens: 0,
    cost_usd: cost, unknown_cost: unknown, unknown_usage: 0,
  }); // prettier-ignore

  it('adds money exactly', () => {
    expect(addUsd(Array.from({ length: 10 }, () => '0.100000001'))).toBe('1.000000010');
    expect(addUsd(['9007199254740993.000000001', '0.000000001'])).toBe('9007199254740993.000000002');
    expect(addUsd([])).toBe('0.000000000');
    expect(totalOf([usage('a', '0.5'), usage('b', '0.25', 2)])).toMatchObject({
      cost_usd: '0.750000000',
      unknown_cost: 2,
      requests: 4,
    });
  });

  it('compares by cost, and by tokens where no price is known', () => {
    const rows = [usage('a', '2'), usage('b', '0.5')];
    expect(rows.map((one) => costShare(one, rows))).toEqual([1, 0.25]);
    const free = [usage('a', '0', 2), { ...usage('b', '0', 2), output_tokens: 20 }];
    expect(free.map((one) => costShare(one, free))).toEqual([0.5, 1]);
  });

  it('counts whole UTC days', () => {
    const now = Date.UTC(2026, 10, 26, 10, 30);
    expect(sinceOf('today', now)).toBe(Date.UTC(2026, 10, 26));
    expect(sinceOf('7d', now)).toBe(Date.UTC(2026, 10, 20));
    expect(sinceOf('all', now)).toBeUndefined();
  });
});
