import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startSimulator, type Behaviour } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAnswerCache, type CacheRules } from '../src/answer-cache.ts';
import { configGateway } from './helpers/config-gateway.ts';
import { createFakeStandin, exhausted, type FakeRun } from './helpers/fake-standin.ts';
import { CHAT, post, startGateway, until } from './helpers/running-gateway.ts';
import { createVirtualClock } from './helpers/virtual-clock.ts';

async function bench(
  cache: CacheRules | undefined,
  behaviour: Behaviour = { text: 'kept words' },
  callers?: Record<string, object>,
) {
  const vendor = await startSimulator({ script: { defaults: behaviour } });
  onTestFinished(() => vendor.close());
  const toml = `[providers.models.openai.main]\nuri = "${vendor.url}/v1"\napi_key = "sk"\nmodel = "m"\npricing = { "m.input" = 1.0, "m.output" = 1.0 }\n`;
  const gateway = await configGateway(toml, {
    ...(cache === undefined ? {} : { cache }),
    ...(callers === undefined ? {} : { callers }),
  });
  const ask = (body: object, headers: Record<string, string> = {}) =>
    post(`${gateway.url}/v1/chat/completions`, body, headers);
  return { ...gateway, vendor, ask };
}

describe('the cache', () => {
  test('is off unless it is switched on', async () => {
    const { ask, vendor } = await bench(undefined);
    for (let at = 0; at < 2; at++) expect((await ask(CHAT)).headers.get('x-standin-cache')).toBeNull();
    expect(vendor.requests.length).toBe(2);
  });

  test.each([false, true])('gives the same answer again, streamed: %s, at no cost', async (stream) => {
    const { ask, vendor, rows } = await bench({ ttlMs: 60_000 });
    const first = await ask({ ...CHAT, stream });
    const text = await first.text();
    expect(first.headers.get('x-standin-cache')).toBe('miss');
    const second = await ask({ ...CHAT, stream });
    expect(await second.text()).toBe(text);
    expect(Object.fromEntries(second.headers)).toMatchObject({
      'content-type': first.headers.get('content-type'),
      'x-standin-cache': 'hit',
      'x-standin-provider': 'openai.main',
      'x-standin-model': 'm',
      'x-standin-attempts': '0',
      'x-standin-cost-usd': '0.000000000',
    });
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(vendor.requests.length).toBe(1);
    await until('both rows are there', () => rows().length === 2);
    expect(rows()[0]).toMatchObject({
      cached: 1,
      cost_nano_usd: 0,
      attempts: 0,
      provider: 'openai.main',
      model: 'm',
      outcome: 'ok',
    });
    expect(rows()[1]).toMatchObject({ cached: 0, attempts: 1 });
  });

  test('keeps all of a stream that comes bit by bit', async () => {
    const { ask, vendor } = await bench({ ttlMs: 60_000 }, { text: 'one two three four five', eventMs: 4 });
    const text = await (await ask({ ...CHAT, stream: true })).text();
    expect(text).toContain('[DONE]');
    const second = await ask({ ...CHAT, stream: true });
    expect(second.headers.get('x-standin-cache')).toBe('hit');
    expect(await second.text()).toBe(text);
    expect(vendor.requests.length).toBe(1);
  });

  test.each([true, false])('keeps whoever waits for the same alive; the first one answers: %s', async (isAnswered) => {
    const clock = createVirtualClock();
    const standin = createFakeStandin();
    const { url, gateway } = await startGateway({ standin, clock, cache: { ttlMs: 60_000 } });
    const ask = (): Promise<Response> => post(`${url}/v1/chat/completions`, { ...CHAT, stream: true });
    const first = ask();
    await until('the first asks', () => standin.runs.length === 1);
    const second = ask();
    await until('the second waits', () => gateway.load().openCalls === 2);
    await until('both are kept alive', () => gateway.load().openStreams === 2);
    clock.advance(15_000);
    const reader = (await second).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toMatch(/^: keep/);
    const [leader] = standin.runs;
    if (isAnswered) leader?.answer('shared words');
    else {
      leader?.sink.onError(exhausted(['server']), []);
      await until('the second asks for itself', () => standin.runs.length === 2);
      standin.runs[1]?.answer('own words');
    }
    let rest = '';
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) rest += next.value;
    expect(rest).toContain(isAnswered ? 'shared words' : 'own words');
    expect(rest).toMatch(/\[DONE\]\s*$/);
    await (await first).text();
    expect(standin.runs).toHaveLength(isAnswered ? 1 : 2);
    expect(gateway.load()).toMatchObject({ openCalls: 0, openStreams: 0 });
  });

  test('is read by the official clients like any answer', async () => {
    const { url, vendor } = await bench(
      { ttlMs: 60_000 },
      { text: 'one two', usage: { inputTokens: 5, outputTokens: 2 } },
    );
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any' });
    const anthropic = new Anthropic({ baseURL: url, apiKey: 'any' });
    for (let at = 0; at < 2; at++) {
      let text = '';
      for await (const chunk of await openai.chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'x' }],
        stream: true,
      }))
        text += chunk.choices[0]?.delta.content ?? '';
      expect(text).toBe('one two');
      const stream = anthropic.messages.stream({
        model: 'm',
        max_tokens: 9,
        messages: [{ role: 'user', content: 'x' }],
      });
      expect(await stream.finalText()).toBe('one two');
    }
    expect(vendor.requests.length).toBe(2);
  });

  test('tells requests apart by every byte, by mode and protocol', async () => {
    const { ask, vendor, url } = await bench({ ttlMs: 60_000 });
    for (const body of [CHAT, { ...CHAT, seed: 1 }, { ...CHAT, stream: true }, { ...CHAT, model: 'openai.main' }])
      expect((await ask(body)).headers.get('x-standin-cache')).toBe('miss');
    await post(`${url}/v1/messages`, { model: 'm', max_tokens: 5, messages: CHAT.messages });
    expect(vendor.requests.length).toBe(5);
  });

  test('keeps callers apart unless told otherwise', async () => {
    const apart = await bench({ ttlMs: 60_000 }, {}, { a: {}, b: {} });
    const as = (key: string | undefined) => ({ authorization: `Bearer ${key}` });
    expect((await apart.ask(CHAT, as(apart.keys.a))).headers.get('x-standin-cache')).toBe('miss');
    expect((await apart.ask(CHAT, as(apart.keys.b))).headers.get('x-standin-cache')).toBe('miss');
    expect((await apart.ask(CHAT, as(apart.keys.a))).headers.get('x-standin-cache')).toBe('hit');
    const shared = await bench({ ttlMs: 60_000, acrossKeys: true }, {}, { a: {}, b: {} });
    await (await shared.ask(CHAT, as(shared.keys.a))).text();
    expect((await shared.ask(CHAT, as(shared.keys.b))).headers.get('x-standin-cache')).toBe('hit');
  });

  test('is left aside by `no-store`, and written anew by `no-cache`', async () => {
    const { ask, vendor } = await bench({ ttlMs: 60_000 });
    const none = await ask(CHAT, { 'cache-control': 'no-store' });
    expect(none.headers.get('x-standin-cache')).toBeNull();
    await (await ask(CHAT)).text();
    await (await ask(CHAT, { 'cache-control': 'no-cache' })).text();
    expect(vendor.requests.length).toBe(3);
    expect((await ask(CHAT)).headers.get('x-standin-cache')).toBe('hit');
  });

  test('keeps no error, and nothing that broke off', async () => {
    const { ask, vendor } = await bench({ ttlMs: 60_000 }, { error: 'invalid' });
    expect((await ask(CHAT)).status).toBe(400);
    expect((await ask(CHAT)).status).toBe(400);
    expect(vendor.requests.length).toBe(2);
    const broken = await bench({ ttlMs: 60_000 }, { words: 60, fault: 'cut', atChars: 80, how: 'fin' });
    for (let at = 0; at < 2; at++) {
      const response = await broken.ask({ ...CHAT, stream: true });
      expect(response.headers.get('x-standin-cache')).toBe('miss');
      await response.text().catch(() => '');
    }
  });
});

describe('calls for the same at the same time', () => {
  async function flight() {
    const runs: FakeRun[] = [];
    const standin = createFakeStandin((run) => void runs.push(run));
    const { url } = await startGateway({ standin, cache: { ttlMs: 60_000 } });
    return {
      runs,
      ask: (signal?: AbortSignal) =>
        fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(CHAT), signal }),
    };
  }

  test('ask a vendor once', async () => {
    const { runs, ask } = await flight();
    const all = Array.from({ length: 5 }, () => ask());
    await until('one began', () => runs.length === 1);
    await new Promise((next) => setTimeout(next, 30));
    runs[0]?.answer('shared');
    const answers = await Promise.all(all);
    expect(answers.filter((one) => one.headers.get('x-standin-cache') === 'hit').length).toBe(4);
    expect(answers.filter((one) => one.headers.get('x-standin-cache') === 'miss').length).toBe(1);
    expect(new Set(await Promise.all(answers.map((one) => one.text()))).size).toBe(1);
    expect(runs.length).toBe(1);
  });

  test('go on when the first one leaves', async () => {
    const { runs, ask } = await flight();
    const controller = new AbortController();
    const first = ask(controller.signal).catch(() => undefined);
    await until('one began', () => runs.length === 1);
    const second = ask();
    await new Promise((next) => setTimeout(next, 30));
    controller.abort();
    await first;
    await until('the second asks for itself', () => runs.length === 2);
    runs[1]?.answer('mine');
    expect(await (await second).text()).toContain('mine');
  });
});

describe('what is kept', () => {
  const answer = (size: number) => ({ headers: [], body: Buffer.alloc(size), provider: 'p', model: 'm' });

  test('has an age, a number and a size', () => {
    const clock = createVirtualClock();
    const cache = createAnswerCache({ ttlMs: 1_000, maxEntries: 2, maxBytes: 100 }, clock);
    for (const key of ['a', 'b', 'c']) cache.done(key, answer(10));
    expect([cache.get('a'), cache.get('b') === undefined, cache.get('c') === undefined]).toEqual([
      undefined,
      false,
      false,
    ]);
    cache.done('d', answer(95));
    expect([cache.get('b'), cache.get('c'), cache.get('d')?.body.byteLength]).toEqual([undefined, undefined, 95]);
    cache.done('e', answer(101));
    expect(cache.get('e')).toBeUndefined();
    clock.advance(1_001);
    expect(cache.get('d')).toBeUndefined();
  });
});
