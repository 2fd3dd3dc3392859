import { get as httpGet, request as httpRequest, type IncomingMessage } from 'node:http';
import { ProviderError } from '@standin/core/spec/index';
import { describe, expect, test } from 'vitest';
import {
  attemptRow,
  createFakeStandin,
  exhausted,
  textEvents,
  type FakeRun,
  type FakeStandin,
} from './helpers/fake-standin.ts';
import { CHAT, MESSAGES, post, startGateway, until } from './helpers/running-gateway.ts';
import { createVirtualClock } from './helpers/virtual-clock.ts';

const PROTOCOLS = [
  { path: '/v1/chat/completions', body: { ...CHAT, stream: true }, ends: /\[DONE\]/ },
  { path: '/v1/messages', body: { ...MESSAGES, stream: true }, ends: /message_stop/ },
] as const;

interface Reader {
  readonly res: IncomingMessage;
  readonly chunks: string[];
  ended: boolean;
}

/** Posts and hands over the answer as soon as its head is there; chunks pile up as they arrive. */
async function open(url: string, body: unknown): Promise<Reader> {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    const req = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json' } }, resolve);
    req.on('error', reject);
    req.end(JSON.stringify(body));
  });
  const reader: Reader = { res, chunks: [], ended: false };
  res.setEncoding('utf8');
  res.on('data', (chunk: string) => reader.chunks.push(chunk));
  res.on('end', () => (reader.ended = true));
  res.on('error', () => {});
  return reader;
}

async function theRun(standin: FakeStandin): Promise<FakeRun> {
  await until('a run started', () => standin.runs.length > 0);
  const run = standin.runs[0];
  if (run === undefined) throw new Error('no run');
  return run;
}

describe.each(PROTOCOLS)('a stream at $path', ({ path, body, ends }) => {
  test('has the headers of its protocol, and says who answered', async () => {
    const { url } = await startGateway({ standin: createFakeStandin((run) => run.answer('hi')) });
    const response = await post(`${url}${path}`, body);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('x-standin-provider')).toBe('openai.main');
    expect(response.headers.get('x-standin-attempts')).toBe('1');
    expect(await response.text()).toMatch(ends);
  });

  test('events that arrive together leave together', async () => {
    const standin = createFakeStandin();
    const { url } = await startGateway({ standin });
    const opening = open(`${url}${path}`, body);
    const run = await theRun(standin);
    run.commit();
    run.send(...textEvents(...Array.from({ length: 50 }, (_, n) => `piece${n} `)));
    const reader = await opening;
    await until('the first bytes', () => reader.chunks.length > 0);
    expect(reader.chunks).toHaveLength(1);
    expect(reader.chunks[0]).toContain('piece49');
    run.done();
    await until('the end', () => reader.ended);
  });

  test('nothing is committed before the first event: a failure until then is a real status', async () => {
    const error = exhausted(['rate-limit', 'server', 'overloaded'], { retryAfterMs: 1_500 });
    const standin = createFakeStandin((run) => run.sink.onError(error, error.attempts));
    const { url } = await startGateway({ standin });
    const response = await post(`${url}${path}`, body);
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('retry-after-ms')).toBe('1500');
    expect(response.headers.get('x-should-retry')).toBe('true');
    expect(response.headers.get('x-standin-attempts')).toBe('3');
    const { error: told } = (await response.json()) as { error: { message: string; attempts: { kind: string }[] } };
    expect(told.message).toContain('All 3 attempts failed');
    expect(told.attempts.map((attempt) => attempt.kind)).toEqual(['rate-limit', 'server', 'overloaded']);
  });

  test('a break after delivery is an explicit error, never a finish', async () => {
    const standin = createFakeStandin((run) => {
      run.commit();
      run.send(...textEvents('half an ans').slice(0, 3));
      run.sink.onError(new ProviderError({ kind: 'truncated', message: 'The answer broke off.', phase: 'content' }), [
        attemptRow(),
      ]);
    });
    const { url } = await startGateway({ standin });
    const text = await (await post(`${url}${path}`, body)).text();
    expect(text).toContain('half an ans');
    expect(text).toContain('The answer broke off.');
    expect(text).not.toMatch(ends);
    expect(text).not.toMatch(/finish_reason":"|stop_reason":"/);
  });

  test('a run that says done without a finish is no success', async () => {
    const standin = createFakeStandin((run) => {
      run.commit();
      run.send(...textEvents('half').slice(0, 3));
      run.done();
    });
    const { url } = await startGateway({ standin });
    const text = await (await post(`${url}${path}`, body)).text();
    expect(text).not.toMatch(ends);
    expect(text).toContain('ended before it was complete');
  });

  test('a wait is kept alive every 15 seconds, and who answered follows in trailers', async () => {
    const clock = createVirtualClock();
    const standin = createFakeStandin();
    const { url } = await startGateway({ standin, clock });
    const opening = open(`${url}${path}`, body);
    const run = await theRun(standin);
    clock.advance(15_000);
    const reader = await opening;
    expect(reader.res.statusCode).toBe(200);
    await until('a ping', () => reader.chunks.length === 1);
    clock.advance(14_000);
    clock.advance(1_000);
    await until('a second ping', () => reader.chunks.length === 2);
    expect(reader.chunks.join('')).toMatch(/keep-?alive|"?ping"?/);
    run.answer('at last');
    await until('the end', () => reader.ended);
    expect(reader.chunks.join('')).toMatch(ends);
    expect(reader.res.trailers).toEqual({
      'x-standin-provider': 'openai.main',
      'x-standin-model': 'model-a',
      'x-standin-attempts': '1',
    });
  });

  test('a failure after a keep-alive is told in-band', async () => {
    const clock = createVirtualClock();
    const standin = createFakeStandin();
    const { url } = await startGateway({ standin, clock });
    const opening = open(`${url}${path}`, body);
    const run = await theRun(standin);
    clock.advance(15_000);
    const reader = await opening;
    const error = exhausted(['server']);
    run.sink.onError(error, error.attempts);
    await until('the end', () => reader.ended);
    expect(reader.chunks.join('')).toContain('All 1 attempts failed');
    expect(reader.chunks.join('')).not.toMatch(ends);
  });

  test('a caller who leaves cancels, before the first event and after it', async () => {
    for (const phase of ['before', 'after']) {
      const standin = createFakeStandin();
      const { url, gateway } = await startGateway({ standin });
      const abort = new AbortController();
      const call = fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), signal: abort.signal });
      const run = await theRun(standin);
      if (phase === 'after') {
        run.commit();
        run.send(...textEvents('x').slice(0, 3));
        await call;
      }
      abort.abort();
      if (phase === 'before') await expect(call).rejects.toThrow(/abort/i);
      await until(`cancelled ${phase} the first event`, () => run.cancelled);
      run.send(...textEvents('late'));
      run.done();
      expect(gateway.server.listening).toBe(true);
    }
  });

  test('a slow caller pauses the run, and resumes it when it reads again', async () => {
    const standin = createFakeStandin();
    const { url } = await startGateway({ standin });
    const opening = open(`${url}${path}`, body);
    const run = await theRun(standin);
    const [start, textStart, , ...rest] = textEvents('');
    run.commit();
    if (start === undefined || textStart === undefined) throw new Error('two events');
    run.send(start, textStart);
    const reader = await opening;
    reader.res.pause();
    const block = 'y'.repeat(64 * 1024);
    for (let sent = 0; sent < 400 && !run.paused; sent++) {
      run.send({ type: 'text-delta', index: 0, text: block });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(run.paused).toBe(true);
    reader.res.resume();
    await until('resumed', () => !run.paused);
    run.send(...rest);
    run.done();
    await until('the end', () => reader.ended);
    expect(reader.chunks.join('')).toMatch(ends);
    expect(run.calls.filter((call) => call === 'pause').length).toBe(
      run.calls.filter((call) => call === 'resume').length,
    );
  });

  test('a shutdown lets it finish within the grace', async () => {
    const clock = createVirtualClock();
    const standin = createFakeStandin();
    const { url, gateway } = await startGateway({ standin, clock });
    const opening = open(`${url}${path}`, body);
    const run = await theRun(standin);
    run.commit();
    run.send(...textEvents('one ', 'two').slice(0, 3));
    const reader = await opening;
    const closed = gateway.close({ graceMs: 5_000 });
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    run.send(...textEvents('two').slice(2));
    run.done();
    await until('the end', () => reader.ended);
    expect(reader.chunks.join('')).toMatch(ends);
    await closed;
  });

  test('a shutdown ends it with an explicit error when the grace is over', async () => {
    const clock = createVirtualClock();
    const standin = createFakeStandin();
    const { url, gateway } = await startGateway({ standin, clock });
    const opening = open(`${url}${path}`, body);
    const run = await theRun(standin);
    run.commit();
    run.send(...textEvents('one').slice(0, 3));
    const reader = await opening;
    const closed = gateway.close({ graceMs: 5_000 });
    clock.advance(5_000);
    await until('the end', () => reader.ended);
    expect(run.cancelled).toBe(true);
    expect(reader.chunks.join('')).toContain('shutting down');
    expect(reader.chunks.join('')).not.toMatch(ends);
    clock.advance(1_000);
    await closed;
  });
});

describe('a whole answer', () => {
  test('that ends without a finish is an error, not an answer', async () => {
    const standin = createFakeStandin((run) => {
      run.commit();
      run.send(...textEvents('half').slice(0, 3));
      run.done();
    });
    const { url } = await startGateway({ standin });
    expect((await post(`${url}/v1/chat/completions`, CHAT)).status).toBe(502);
  });

  test('is cancelled when the caller leaves', async () => {
    const standin = createFakeStandin();
    const { url } = await startGateway({ standin });
    const abort = new AbortController();
    const call = fetch(`${url}/v1/messages`, { method: 'POST', body: JSON.stringify(MESSAGES), signal: abort.signal });
    const run = await theRun(standin);
    abort.abort();
    await expect(call).rejects.toThrow(/abort/i);
    await until('cancelled', () => run.cancelled);
  });

  test('a model name that cannot stand in a header is percent-encoded there', async () => {
    const standin = createFakeStandin((run) => {
      const target = { ...run.target, model: 'mödel\r\nx: y' };
      run.sink.onAnswering?.({ target, attempt: 1 });
      run.send(...textEvents('x'));
      run.sink.onDone({ target, attempts: [attemptRow({ outcome: 'ok' })] });
    });
    const { url } = await startGateway({ standin });
    const response = await post(`${url}/v1/chat/completions`, CHAT);
    expect(response.headers.get('x-standin-model')).toBe('m%f6del%0d%0ax: y');
  });

  test('a bug in the run becomes a 500, and the gateway lives on', async () => {
    const standin = createFakeStandin((run) => {
      if (standin.runs.length === 1) throw new TypeError('boom');
      run.answer('fine');
    });
    const { url } = await startGateway({ standin });
    expect((await post(`${url}/v1/messages`, MESSAGES)).status).toBe(500);
    expect((await post(`${url}/v1/messages`, MESSAGES)).status).toBe(200);
  });
});

describe('an upload', () => {
  test('that its caller breaks off starts nothing', async () => {
    const standin = createFakeStandin();
    const { url, port } = await startGateway({ standin });
    const req = httpRequest({
      port,
      host: '127.0.0.1',
      path: '/v1/messages',
      method: 'POST',
      headers: { 'content-length': 1_000 },
    });
    req.on('error', () => {});
    req.write('{"model":');
    await new Promise((resolve) => setTimeout(resolve, 20));
    req.destroy();
    await new Promise<void>((resolve) => void httpGet(`${url}/health/live`, (res) => res.resume().on('end', resolve)));
    expect(standin.runs).toHaveLength(0);
  });
});
