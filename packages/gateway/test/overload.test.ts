import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createOverload } from '../src/overload.ts';
import { createFakeStandin, type FakeRun } from './helpers/fake-standin.ts';
import { CHAT, MESSAGES, post, startGateway, until } from './helpers/running-gateway.ts';
import { createVirtualClock } from './helpers/virtual-clock.ts';

const CALLS: readonly (readonly [path: string, body: object, type: unknown])[] = [
  ['/v1/chat/completions', CHAT, { error: { code: 'overloaded' } }],
  ['/v1/messages', MESSAGES, { type: 'error', error: { type: 'overloaded_error' } }],
  [
    '/v1beta/models/m:generateContent',
    { contents: [{ parts: [{ text: 'hi' }] }] },
    { error: { status: 'UNAVAILABLE' } },
  ],
];

describe('more calls than may be under way', () => {
  test('are refused at once in the protocol of their caller, and taken again when there is room', async () => {
    const held: FakeRun[] = [];
    const standin = createFakeStandin((run) => void held.push(run));
    const { url, gateway } = await startGateway({ standin, maxConcurrent: 2 });
    const first = [post(`${url}/v1/chat/completions`, CHAT), post(`${url}/v1/messages`, MESSAGES)];
    await until('both are under way', () => held.length === 2);
    for (const [path, body, shape] of CALLS) {
      const refused = await post(url + path, body);
      expect(refused.status, path).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(refused.headers.get('x-should-retry')).toBe('true');
      expect(await refused.json()).toMatchObject(shape as object);
    }
    expect(gateway.load()).toMatchObject({ openCalls: 2, refused: CALLS.length, limit: 2 });
    // What tells how things stand is never refused.
    expect((await fetch(`${url}/health`)).status).toBe(200);
    for (const run of held.splice(0)) run.answer('done');
    for (const answer of await Promise.all(first)) expect(answer.status).toBe(200);
    const next = post(`${url}/v1/chat/completions`, CHAT);
    await until('there is room', () => held.length === 1);
    held[0]?.answer('hi');
    expect((await next).status).toBe(200);
  });

  test('do not count while their bodies are still coming: slow callers shut nobody out', async () => {
    const standin = createFakeStandin((run) => run.answer('done'));
    const { url, gateway } = await startGateway({ standin, maxConcurrent: 2 });
    const body = JSON.stringify(CHAT);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${body.length}\r\n\r\n`;
    const slow = Array.from({ length: 5 }, () => connect(Number(new URL(url).port), '127.0.0.1'));
    for (const socket of slow) socket.write(head + body.slice(0, 10));
    await until('all have begun', () => gateway.load().openCalls === slow.length);
    expect((await post(`${url}/v1/messages`, MESSAGES)).status).toBe(200);
    const [late, ...others] = slow;
    const answered = new Promise<string>((resolve) => late?.once('data', (data: Buffer) => resolve(data.toString())));
    late?.write(body.slice(10));
    expect(await answered).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of [late, ...others]) socket?.destroy();
    await until('they are gone', () => gateway.load().openCalls === 0);
    expect((await post(`${url}/v1/messages`, MESSAGES)).status).toBe(200);
    expect(gateway.load().refused).toBe(0);
  });
});

describe('the limit', () => {
  /** Time passes without the loop running: the watch's timer comes late. */
  function stall(
    overload: ReturnType<typeof createOverload>,
    clock: ReturnType<typeof createVirtualClock>,
    looks: number,
  ) {
    for (let i = 0; i < looks; i++) {
      overload.admits(999);
      clock.skip(500);
      clock.advance(0);
    }
  }

  test('falls while the process is late, and comes back', () => {
    const clock = createVirtualClock();
    let busy = 0.5;
    const overload = createOverload(clock, 1_000, () => busy);
    // Late, and yet idle between: others keep the machine busy, and fewer calls would help nobody.
    stall(overload, clock, 9);
    expect(overload.limit).toBe(1_000);
    busy = 1;
    expect(overload.admits(999)).toBe(true);
    stall(overload, clock, 2);
    expect(overload.limit).toBe(1_000);
    stall(overload, clock, 4);
    expect(overload.limit).toBeLessThan(700);
    expect(overload.admits(999)).toBe(false);
    expect(overload.refused).toBeGreaterThan(0);
    stall(overload, clock, 40);
    expect(overload.limit).toBe(256);
    clock.advance(5_000);
    expect(overload.limit).toBe(1_000);
    expect(overload.admits(999)).toBe(true);
  });

  test('is not watched while nothing is under way', () => {
    const clock = createVirtualClock();
    const overload = createOverload(clock);
    overload.admits(0);
    clock.advance(1_000);
    expect(clock.timers).toBe(0);
  });
});
