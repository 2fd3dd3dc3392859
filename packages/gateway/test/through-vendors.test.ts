import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Secret } from '@standin/core/spec/index';
import { startSimulator, type Script, type Simulator } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin, type ChainStandin, type Link } from './helpers/chain-standin.ts';
import { CHAT, MESSAGES, post, startGateway, until } from './helpers/running-gateway.ts';

interface Bench {
  readonly url: string;
  readonly vendors: readonly Simulator[];
  readonly standin: ChainStandin;
}

/** A gateway before one stand-in vendor per script; the wires alternate, beginning with OpenAI's. */
async function bench(scripts: readonly Script[], keys: readonly (readonly string[])[] = []): Promise<Bench> {
  const vendors = await Promise.all(scripts.map((script) => startSimulator({ script })));
  const links = vendors.map(({ url }, index): Link => ({
    url,
    wire: index % 2 === 0 ? 'openai-chat' : 'anthropic-messages',
    model: `model-${index + 1}`,
    keys: keys[index],
  }));
  const standin = createChainStandin(links);
  const { url } = await startGateway({ standin });
  onTestFinished(async () => {
    standin.close();
    await Promise.all(vendors.map((vendor) => vendor.close()));
  });
  return { url, vendors, standin };
}

function vendorOf(vendors: readonly Simulator[], index: number): Simulator {
  const vendor = vendors[index];
  if (vendor === undefined) throw new Error(`no vendor ${index}`);
  return vendor;
}

const PROTOCOLS = [
  { path: '/v1/chat/completions', body: CHAT, ends: /\[DONE\]/ },
  { path: '/v1/messages', body: MESSAGES, ends: /message_stop/ },
] as const;

describe.each(PROTOCOLS)('a failing chain behind $path', ({ path, body, ends }) => {
  test.each([false, true])('is not seen by the caller, streamed: %s', async (stream) => {
    const { url, vendors } = await bench([
      { defaults: { error: 'overloaded' } },
      { defaults: { text: 'the spare answers' } },
    ]);
    const response = await post(`${url}${path}`, { ...body, stream });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-standin-provider')).toBe('anthropic.n2');
    expect(response.headers.get('x-standin-model')).toBe('model-2');
    expect(Number(response.headers.get('x-standin-attempts'))).toBe(vendorOf(vendors, 0).requests.length + 1);
    const text = await response.text();
    expect(text).toContain('"model":"model-2"');
    if (stream) expect(text).toMatch(ends);
  });

  test('that is used up tells every attempt by fingerprint, and no key', async () => {
    const keys = [['sk-first-aaaaaaaa', 'sk-first-bbbbbbbb'], ['sk-ant-cccccccc']];
    const { url } = await bench([{ defaults: { error: 'auth' } }, { defaults: { error: 'server' } }], keys);
    const response = await post(`${url}${path}`, { ...body, stream: true });
    expect(response.status).toBe(502);
    expect(response.headers.get('x-should-retry')).toBe('false');
    const text = await response.text();
    const { error } = JSON.parse(text) as { error: { message: string; attempts: { key: string; kind: string }[] } };
    const prints = keys.flat().map((key) => new Secret(key).fingerprint);
    expect(new Set(error.attempts.map((attempt) => attempt.key))).toEqual(new Set(prints));
    for (const print of prints) expect(error.message).toContain(print);
    for (const key of keys.flat()) expect(text).not.toContain(key);
  });

  test('that breaks after delivery, and cannot be mended, ends in an explicit error', async () => {
    const broken = { words: 60, fault: 'cut', atChars: 80, eventMs: 1 } as const;
    const { url } = await bench([{ defaults: broken }, { defaults: { error: 'unavailable' } }]);
    const response = await post(`${url}${path}`, { ...body, stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toMatch(/data: \{("type":"error",)?"error":/);
    expect(text).not.toMatch(ends);
    expect(text).not.toMatch(/"(finish_reason|stop_reason)":"/);
  });
});

describe('a caller who leaves', () => {
  test.each([
    ['while the vendor has not answered', { fault: 'silent' }],
    ['while the vendor has sent headers only', { fault: 'headers-silent' }],
    ['in the middle of the answer', { words: 3_000, eventMs: 5 }],
    ['while the vendor stalls', { words: 60, fault: 'stall', atChars: 60 }],
  ] as const)('%s closes the vendor', async (_phase, behaviour) => {
    for (const { path, body } of PROTOCOLS) {
      const { url, vendors } = await bench([{ defaults: behaviour }, {}]);
      const abort = new AbortController();
      const call = fetch(`${url}${path}`, {
        method: 'POST',
        body: JSON.stringify({ ...body, stream: true }),
        signal: abort.signal,
      }).then(async (response) => response.text());
      const [first, second] = [vendorOf(vendors, 0), vendorOf(vendors, 1)];
      const flows = 'words' in behaviour;
      await first.waitFor((request) => (flows ? request.textSent.length >= 50 : request.sequence === 1));
      abort.abort();
      await expect(call).rejects.toThrow(/abort/i);
      expect((await first.waitFor((request) => request.callerLeftAt !== undefined)).outcome).toBe('caller-left');
      expect(second.requests).toHaveLength(0);
    }
  });

  test('during a wait between attempts is the last that any vendor hears', async () => {
    const { url, vendors, standin } = await bench([
      { defaults: { error: { name: 'rate', hints: { retryAfterMs: 700 } } } },
    ]);
    const abort = new AbortController();
    const call = fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(CHAT),
      signal: abort.signal,
    });
    await until('the first attempt failed', () => standin.attempts.length === 1);
    abort.abort();
    await expect(call).rejects.toThrow(/abort/i);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(vendorOf(vendors, 0).requests).toHaveLength(1);
  });
});

describe("the caller's own timeout", () => {
  test.each([false, true])('ends a silent call with a 504 that says so, streamed: %s', async (stream) => {
    const { url, vendors } = await bench([{ defaults: { fault: 'silent' } }]);
    const response = await post(`${url}/v1/chat/completions`, { ...CHAT, stream }, { 'x-stainless-timeout': '0.3' });
    expect(response.status).toBe(504);
    expect(response.headers.get('x-should-retry')).toBe('false');
    await vendorOf(vendors, 0).waitFor((request) => request.outcome === 'caller-left');
  });

  test('does not cut a stream that has begun', async () => {
    const { url } = await bench([{ defaults: { words: 40, eventMs: 20 } }]);
    const response = await post(`${url}/v1/messages`, { ...MESSAGES, stream: true }, { 'x-stainless-timeout': '0.3' });
    expect(await response.text()).toContain('message_stop');
  });
});

describe('a caller who reads slowly', () => {
  test('holds the vendor back: what is under way stays bounded, and nothing is lost', async () => {
    const text = 'z'.repeat(48 * 1024 * 1024);
    const { url, vendors } = await bench([{ defaults: { text, deltaChars: 64 * 1024 } }]);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const req = httpRequest(`${url}/v1/messages`, { method: 'POST' }, resolve);
      req.on('error', reject);
      req.end(JSON.stringify({ ...MESSAGES, stream: true }));
    });
    response.pause();
    const vendor = vendorOf(vendors, 0);
    const sent = (): number => vendor.requests[0]?.bytesSent ?? 0;
    let before = -1;
    while (sent() !== before) {
      before = sent();
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    // Two sockets' kernel buffers on loopback, and little of our own.
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(20 * 1024 * 1024);
    let received = 0;
    let tail = '';
    for await (const chunk of response as AsyncIterable<Buffer>) {
      received += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-200);
    }
    expect(received).toBeGreaterThan(text.length);
    expect(tail).toContain('message_stop');
  });
});
