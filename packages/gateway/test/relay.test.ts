import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import { createGateway } from '../src/index.ts';

const chunk = (delta: object, finish: string | null = null, extra: object = {}): string =>
  JSON.stringify({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...extra,
  });
const USAGE = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
const usageChunk = JSON.stringify({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [],
  usage: USAGE,
});
const START = chunk({ role: 'assistant', content: '' });
const PIECES = ['Grüße ', 'aus ', '東京 ', '👩‍👩‍👧.'];
const TEXT = PIECES.join('');
const said = [START, ...PIECES.map((content) => chunk({ content }))];
const event = (data: string, end = '\n'): string => `data: ${data}${end}${end}`;

async function send(res: ServerResponse, pieces: readonly string[]): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.socket?.setNoDelay(true);
  for (const piece of pieces) {
    res.write(piece);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
  res.end();
}

/** A vendor that sends these pieces, each in a packet of its own; the caller speaks the same protocol. */
async function answered(pieces: readonly string[]) {
  const vendor = createServer((req, res) => {
    req.resume();
    req.on('end', () => void send(res, pieces));
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  const uri = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/v1`;
  const text = `schema_version = 3\n[providers.models.custom.one]\nuri = "${uri}"\napi_key = "sk-one"\nmodel = "m"\n`;
  const standin = await createStandin({ config: loadConfigText(text, 'standin.toml', { env: {} }), env: {} });
  const gateway = createGateway({ standin });
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await gateway.close({ graceMs: 0 });
    vendor.closeAllConnections();
    vendor.close();
  });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: 'custom.one',
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: 'go' }],
  });
  const seen = { text: '', finish: [] as string[], output: 0, ids: new Set<string>() };
  for await (const part of stream) {
    const [choice] = part.choices;
    seen.ids.add(part.id);
    seen.text += choice?.delta.content ?? '';
    if (choice?.finish_reason) seen.finish.push(choice.finish_reason);
    seen.output = part.usage?.completion_tokens ?? seen.output;
  }
  return seen;
}

const WHOLE = { text: TEXT, finish: ['stop'], output: 4, ids: new Set(['c1']) };
const DONE = '[DONE]';

describe("a vendor's stream in the caller's own protocol arrives once and whole", () => {
  test('when CR and LF of every line end come apart', async () => {
    const all = [...said, chunk({}, 'stop'), usageChunk, DONE].map((data) => event(data, '\r\n'));
    const pieces = all.flatMap((text) => [text.slice(0, -3), text.slice(-3, -1), text.slice(-1)]);
    expect(await answered(pieces)).toEqual(WHOLE);
  });

  test('when lines end in CR alone, or now in one and now in the other', async () => {
    const all = [...said, chunk({}, 'stop'), usageChunk, DONE];
    expect(await answered(all.map((data) => event(data, '\r')))).toEqual(WHOLE);
    expect(await answered(all.map((data, index) => event(data, index % 2 === 0 ? '\r' : '\n')))).toEqual(WHOLE);
  });

  test.each(PIECES.map((_, index) => index))(
    'when a broken event shares a packet with piece %i or the end',
    async (at) => {
      const broken = event('{"id":"c1","choices":[{"ind');
      const all = [...said, chunk({}, 'stop'), usageChunk, DONE].map((data) => event(data));
      expect(await answered(all.map((text, index) => (index === at + 1 ? broken + text : text)))).toEqual(WHOLE);
      expect(await answered(all.map((text, index) => (index === said.length ? broken + text : text)))).toEqual(WHOLE);
    },
  );

  test('when the last event has no blank line and [DONE] never comes', async () => {
    const all = [...said, chunk({}, 'stop')].map((data) => event(data));
    expect(await answered([...all, `data: ${usageChunk}`])).toEqual(WHOLE);
    expect(await answered([...all, event(usageChunk), 'data: [DONE]'])).toEqual(WHOLE);
  });

  test('with its usage in the one place where clients of the protocol look', async () => {
    const groq = chunk({}, 'stop', { x_groq: { id: 'r', usage: USAGE } });
    expect(await answered([...said, groq, DONE].map((data) => event(data)))).toEqual(WHOLE);
    const inChoice = chunk({}, 'stop').replace('"stop"', `"stop","usage":${JSON.stringify(USAGE)}`);
    expect(await answered([...said, inChoice, DONE].map((data) => event(data)))).toEqual(WHOLE);
  });
});
