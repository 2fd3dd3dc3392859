import { describe, expect, test, onTestFinished } from 'vitest';
import { createLedger } from '@standin/store';
import { startAdmin, type AdminBench, type Browser } from '../helpers/admin-bench.ts';
import { attemptRow, createFakeStandin, textEvents } from '../helpers/fake-standin.ts';
import { CHAT, post, until } from '../helpers/running-gateway.ts';
import { createVirtualClock } from '../helpers/virtual-clock.ts';

interface LiveEvent {
  readonly event: string;
  readonly data: {
    now: Record<string, never>;
    chains: unknown[];
    targets: Record<string, unknown>[];
    edges: Record<string, unknown>[];
    active: Record<string, unknown>[];
    activeTotal: number;
    requests: { id: string; outcome: string }[];
    omitted: number;
  };
}

/** Reads the stream as it comes. */
async function watch({ url }: AdminBench, browser: Browser) {
  const answer = await browser.get('/api/live');
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const events: LiveEvent[] = [];
  const state = { ended: false };
  const reader = answer.body?.getReader();
  onTestFinished(() => void reader?.cancel().catch(() => {}));
  void (async () => {
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await (reader as ReadableStreamDefaultReader<Uint8Array>).read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const pieces = text.split('\n\n');
      text = pieces.pop() ?? '';
      for (const piece of pieces) {
        const found = /^event: (\w+)\ndata: (.*)$/.exec(piece);
        if (found !== null)
          events.push({ event: found[1] ?? '', data: JSON.parse(found[2] ?? '') as LiveEvent['data'] });
      }
    }
    state.ended = true;
  })().catch(() => void (state.ended = true));
  await until('the first picture', () => events.length > 0);
  expect(url).not.toBe('');
  return { events, state, deltas: () => events.filter(({ event }) => event === 'delta').map(({ data }) => data) };
}

describe('the live stream', () => {
  test('begins with the whole picture, then tells calls under way, how they end, and the traffic', async () => {
    const clock = createVirtualClock();
    const standin = createFakeStandin();
    const bench = await startAdmin({ standin, clock });
    const live = await watch(bench, await bench.pair());
    expect(live.events[0]).toMatchObject({
      event: 'snapshot',
      data: {
        intervalMs: 250,
        now: { requests: 0, firstContentMs: null, open: 0 },
        chains: [{ name: 'default', model: '', targets: ['openai.main/model-a'] }],
        targets: [{ id: 'openai.main/model-a', state: 'healthy', keys: [{ key: 'aaaa1111', state: 'healthy' }] }],
        requests: [],
      },
    });
    const call = post(`${bench.url}/v1/chat/completions`, { ...CHAT, stream: true }, { 'x-request-id': 'req_live' });
    await until('the call', () => standin.runs.length === 1);
    clock.advance(250);
    await until('it is under way', () => live.deltas().some(({ active }) => active?.length === 1));
    expect(live.deltas().at(-1)?.active).toMatchObject([
      {
        id: 'req_live',
        protocol: 'openai-chat',
        mode: 'stream',
        target: 'openai.main/model-a',
        attempts: 1,
        answering: false,
      },
    ]);
    const run = standin.runs[0];
    run?.options.onAttempt?.(attemptRow({ attempt: 1, provider: 'openai.first', model: 'm', outcome: 'server' }));
    run?.options.onAttempt?.(
      attemptRow({ attempt: 2, provider: 'openai.main', model: 'model-a', outcome: 'ok', firstContentMs: 210 }),
    );
    run?.commit();
    run?.send(...textEvents('hello'));
    run?.done();
    await (await call).text();
    clock.advance(250);
    await until('it has ended', () => live.deltas().some(({ requests }) => requests?.length === 1));
    const last = live.deltas().at(-1);
    expect(last).toMatchObject({
      requests: [{ id: 'req_live', outcome: 'ok', attempts: 2, provider: 'openai.main', firstContentMs: 210 }],
      edges: [
        { from: 'caller', to: 'openai.first/m', count: 1, failed: 1 },
        { from: 'openai.first/m', to: 'openai.main/model-a', count: 1, failed: 0 },
      ],
      active: [],
      now: {
        requests: 1,
        recovered: 1,
        recoveredShare: 1,
        requestsPerSecond: 0.1,
        today: { requests: 1, unknownCost: 1 },
      },
    });
    const first = last?.now['firstContentMs'] as unknown as { p50: number } | undefined;
    expect(Math.abs((first?.p50 ?? 0) - 210)).toBeLessThan(210 * 0.05);
    // Nothing happens, and nothing is said.
    const said = live.events.length;
    clock.advance(1_000);
    clock.advance(1_000);
    expect(live.events.length).toBe(said);
  });

  test('tells when a key is refused, cools or comes back, and a new config as a whole', async () => {
    const clock = createVirtualClock();
    let standin = createFakeStandin();
    const bench = await startAdmin({ getStandin: () => standin, clock });
    const live = await watch(bench, await bench.pair());
    standin.health.cool('openai.main', 'aaaa1111', 'model-a', clock.now() + 5_000, 'rate-limit: slow down');
    clock.advance(250);
    await until('it cools', () => live.deltas().some(({ targets }) => targets?.[0]?.['state'] === 'cooling'));
    standin.health.markBad('openai.main', 'aaaa1111', '*', 'auth: no');
    clock.advance(250);
    await until('it is bad', () => live.deltas().some(({ targets }) => targets?.[0]?.['state'] === 'bad'));
    standin = createFakeStandin();
    clock.advance(250);
    await until('a new picture', () => live.events.filter(({ event }) => event === 'snapshot').length === 2);
    expect(live.events.at(-1)?.data.targets).toMatchObject([{ state: 'healthy' }]);
  });

  test('who comes later sees the minute before from the ledger', async () => {
    const clock = createVirtualClock();
    const ledger = createLedger({ path: ':memory:', clock });
    onTestFinished(() => ledger.close());
    const standin = createFakeStandin((run) => {
      run.options.onAttempt?.(attemptRow({ attempt: 1, outcome: 'ok', firstContentMs: 20 }));
      run.answer('hello');
    });
    const bench = await startAdmin({ standin, clock, accounting: { logs: [ledger] }, operations: { ledger } });
    for (let i = 0; i < 3; i++) await (await post(`${bench.url}/v1/chat/completions`, CHAT)).text();
    const live = await watch(bench, await bench.pair());
    expect(live.events[0]?.data).toMatchObject({
      now: { requests: 3, today: { requests: 3 } },
      edges: [{ from: 'caller', count: 3 }],
    });
    expect(live.events[0]?.data.requests.length).toBe(3);
  });

  test('a flood is told in bounded pieces', async () => {
    const clock = createVirtualClock();
    const standin = createFakeStandin((run) => run.answer('hello'));
    const bench = await startAdmin({ standin, clock });
    const live = await watch(bench, await bench.pair());
    const one = async (): Promise<void> => void (await (await post(`${bench.url}/v1/chat/completions`, CHAT)).text());
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 26 }, one));
    clock.advance(250);
    await until('the flood', () => live.deltas().length > 0);
    expect(live.deltas()[0]?.requests.length).toBe(250);
    expect(live.deltas()[0]?.omitted).toBe(10);
  });

  test('ends with its session, and with the gateway', async () => {
    const clock = createVirtualClock();
    const bench = await startAdmin({ standin: createFakeStandin(), clock });
    const [one, two] = [await bench.pair(), await bench.pair()];
    const first = await watch(bench, one);
    const second = await watch(bench, two);
    await one.post('/api/logout');
    clock.advance(2_500);
    await until('the stream of the ended session ends', () => first.state.ended);
    expect(second.state.ended).toBe(false);
    const closed = bench.gateway.close({ graceMs: 60_000 });
    await closed;
    await until('the other one ends too', () => second.state.ended);
  });
});
