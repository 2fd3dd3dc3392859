import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../src/index.ts';
import { ask, textIn, WIRES } from './testkit/raw-call.ts';

let simulator: Simulator;
beforeAll(async () => void (simulator = await startSimulator()));
afterAll(() => simulator.close());
beforeEach(() => {
  simulator.setScript({});
  simulator.reset();
});

const last = () => simulator.requests.at(-1);

describe.each(WIRES)('%s: before the answer', (wire) => {
  test.each([true, false])('a reset and a close come without any header (stream %s)', async (stream) => {
    expect(await ask(simulator.url, wire, { model: 'sim-reset', stream }).answer).toMatchObject({
      status: undefined,
      errorCode: 'ECONNRESET',
    });
    expect(last()).toMatchObject({ outcome: 'reset', status: undefined, callerLeftAt: undefined });
    expect(await ask(simulator.url, wire, { model: 'sim-close', stream }).answer).toMatchObject({ status: undefined });
    expect(last()).toMatchObject({ outcome: 'close', callerLeftAt: undefined });
  });

  test('silence lasts until the caller leaves, and that is recorded', async () => {
    const call = ask(simulator.url, wire, { model: 'sim-silent' });
    await simulator.waitFor((request) => request.model === 'sim-silent');
    expect(last()).toMatchObject({ outcome: 'pending', firstByteAt: undefined });
    call.hangUp();
    const record = await simulator.waitFor((request) => request.outcome !== 'pending');
    expect(record).toMatchObject({ outcome: 'caller-left', callerLeftAt: expect.any(Number), bytesSent: 0 });
  });

  test('headers can come alone', async () => {
    const call = ask(simulator.url, wire, { model: 'sim-headers-silent', stream: true });
    await call.headers;
    expect(call.bodySoFar()).toBe('');
    call.hangUp();
    const record = await simulator.waitFor((request) => request.outcome === 'caller-left');
    expect(record).toMatchObject({ status: 200, bytesSent: 0, firstByteAt: expect.any(Number) });
  });

  test('a closed port refuses, and opens again', async () => {
    await simulator.refuse();
    expect(await ask(simulator.url, wire).answer).toMatchObject({ errorCode: 'ECONNREFUSED' });
    await simulator.accept();
    expect(await ask(simulator.url, wire).answer).toMatchObject({ status: 200 });
  });

  test.each([
    ['sim-empty', ''],
    ['sim-malformed', '{"id": "x", "cho'],
  ])('%s is a 200 without an answer', async (model, body) => {
    expect(await ask(simulator.url, wire, { model }).answer).toMatchObject({ status: 200, body, complete: true });
  });

  test('HTML, bad gateways and wrong types say what they are', async () => {
    const type = async (model: string) =>
      (await ask(simulator.url, wire, { model, stream: true }).answer).headers['content-type'];
    expect(await type('sim-html')).toMatch(/^text\/html/);
    expect(await type('sim-502')).toMatch(/^text\/html/);
    expect(await type('sim-wrong-type')).toBe('text/plain');
    expect(await type('sim-ok')).toMatch(/^text\/event-stream/);
  });
});

describe.each(WIRES)('%s: in the middle of a stream', (wire) => {
  const read = (more: string) => ask(simulator.url, wire, { model: `sim-${more}`, stream: true }).answer;

  test('a cut leaves exactly the wanted text, at any place, chunking and kind of end', async () => {
    const whole = textIn((await read('words15')).body);
    const ends = fc.constantFrom<'fin' | 'rst' | 'clean'>('fin', 'rst', 'clean');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length + 20), ends, fc.integer({ min: 1, max: 12 }), async (at, how, chars) => {
        const answer = await read(`words15-cut-at${at}-${how}-chars${chars}-cuts${at}`);
        const text = textIn(answer.body);
        expect(whole.startsWith(text)).toBe(true);
        // A place inside a surrogate pair moves back by one.
        expect([at, at - 1, whole.length]).toContain(text.length);
        expect(answer.body).not.toMatch(/\[DONE\]|message_stop|"finish_reason":"/);
        expect(answer.complete).toBe(how === 'clean');
        expect(last()).toMatchObject({ outcome: 'cut', textSent: text, callerLeftAt: undefined });
      }),
      { numRuns: 30 },
    );
  });

  test('a cut at a byte ends at that byte', async () => {
    const { body } = await read('ok');
    for (const at of [0, 1, 333, body.length - 1]) {
      const answer = await read(`cut-atbyte${at}-clean`);
      expect(Buffer.byteLength(answer.body)).toBe(at);
      expect(last()?.bytesSent).toBe(at);
    }
  });

  test('a cut at an event counts events', async () => {
    const answer = await read('cut-atevent3-clean');
    expect(answer.body.split('\n\n')).toHaveLength(4);
    expect(last()?.eventsSent).toBe(3);
  });

  test('a cut can fall into reasoning and into tool arguments', async () => {
    await read('think-cut-atthink11-clean');
    expect(last()).toMatchObject({ textSent: '', toolSent: '' });
    expect(last()?.reasoningSent).toHaveLength(11);
    await read('tool-cut-attool4-clean');
    expect(last()?.toolSent).toHaveLength(4);
  });

  test('a stall falls silent, sends keep-alives when told to, and goes on when told to', async () => {
    const call = ask(simulator.url, wire, { model: 'sim-stall-at6-ping1', stream: true });
    await simulator.waitFor((request) => request.textSent.length === 6 || request.outcome !== 'pending');
    while (!/ping|keep-?alive/.test(call.bodySoFar())) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(textIn(call.bodySoFar())).toHaveLength(6);
    call.hangUp();
    await simulator.waitFor((request) => request.outcome === 'caller-left');
    const whole = textIn((await read('ok')).body);
    expect(textIn((await read('stall-at6-lasts2')).body)).toBe(whole);
  });

  test('an error inside the stream is the last thing in it', async () => {
    const { body, complete } = await read('error-event-at8');
    expect(complete).toBe(true);
    const events = body.trimEnd().split('\n\n');
    expect(textIn(body)).toHaveLength(8);
    expect(events.at(-1)).toContain('"error"');
    expect(textIn((await read('error-event-at0')).body)).toBe('');
  });

  test('a broken event stands among whole ones', async () => {
    const { body } = await read('broken-event-at8');
    const parses = body
      .trimEnd()
      .split('\n\n')
      .map((event) => {
        try {
          return JSON.parse(/^data: (\{.*)$/m.exec(event)?.[1] ?? '{}') !== undefined;
        } catch {
          return false;
        }
      });
    expect(parses.filter((fine) => !fine)).toHaveLength(1);
    expect(body).toMatch(/\[DONE\]|message_stop/);
  });

  test('the terminal marker or the finish reason can be missing', async () => {
    const marker = wire === 'openai-chat' ? '[DONE]' : 'message_stop';
    const reason = wire === 'openai-chat' ? '"finish_reason":"stop"' : '"stop_reason":"end_turn"';
    const has = async (more: string) => {
      const { body } = await read(more);
      return { marker: body.includes(marker), reason: body.includes(reason) };
    };
    expect(await has('ok')).toEqual({ marker: true, reason: true });
    expect(await has('no-done')).toEqual({ marker: false, reason: true });
    expect(await has('no-finish')).toEqual({ marker: true, reason: false });
  });

  test('an empty answer is well formed and has no content', async () => {
    const { body } = await read('empty-answer');
    expect(textIn(body)).toBe('');
    expect(body).toMatch(/\[DONE\]|message_stop/);
  });

  test('the same bytes arrive however they are written', async () => {
    const stable = (body: string) => body.replaceAll(/sim[-_][\w-]*|"created":\d+/g, '');
    const whole = stable((await read('words8-chars3')).body);
    for (const how of ['bytes1', 'bytes7', 'cuts5', 'events4']) {
      expect(stable((await read(`words8-chars3-${how}`)).body)).toBe(whole);
    }
  });
});

describe.each(WIRES)('%s: in the middle of a whole answer', (wire) => {
  const read = (more: string) => ask(simulator.url, wire, { model: `sim-${more}` }).answer;

  test('a cut ends the body early', async () => {
    const { body } = await read('ok');
    for (const how of ['fin', 'rst', 'clean']) {
      const cut = await read(`cut-at10-${how}`);
      expect(cut.body.length).toBeLessThan(body.length);
      expect(() => JSON.parse(cut.body) as unknown).toThrow();
      expect(cut.complete).toBe(how === 'clean');
      expect(last()?.outcome).toBe('cut');
    }
  });

  test('an error can stand in a 200, and a finish reason be null', async () => {
    expect(JSON.parse((await read('error-event')).body)).toHaveProperty('error');
    const { body, status } = await read('no-finish');
    expect(status).toBe(200);
    expect(body).toMatch(/"(finish_reason|stop_reason)":null/);
  });
});

test('a caller that reads nothing is not sent everything', async () => {
  const size = 30_000_000;
  simulator.setScript({ defaults: { text: 'x'.repeat(size), deltaChars: 100_000 } });
  const socket = connect(simulator.port, '127.0.0.1').pause();
  const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }] });
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await simulator.waitFor((request) => request.bytesSent > 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.destroy();
  const record = await simulator.waitFor((request) => request.outcome !== 'pending');
  expect(record).toMatchObject({ outcome: 'caller-left', callerLeftAt: expect.any(Number) });
  expect(record.bytesSent).toBeLessThan(size);
});
