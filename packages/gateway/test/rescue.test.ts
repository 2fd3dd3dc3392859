import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import { systemClock, type Clock } from '@standin/core/spec/index';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { createGateway } from '../src/index.ts';

/** Limits pass twenty times faster: a stall of 20 s costs the test a second. */
const SCALE = 20;
const fastClock: Clock = {
  now: () => systemClock.now() * SCALE,
  wallMs: () => systemClock.wallMs(),
  after: (ms, run) => systemClock.after(ms / SCALE, run),
  clear: (handle) => systemClock.clear(handle),
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

type Wire = 'chat_completions' | 'messages' | 'responses';
const TEXT = 'Früh am Morgen 🌅 the "boats" leave;\nnobody \\ counts them — 東京 is far, and the sea is wide and grey.';

async function bench(wires: readonly [Wire, Wire], first: Behaviour | string, second: Behaviour | string = {}) {
  const vendors: [Simulator, Simulator] = [await startSimulator(), await startSimulator()];
  open.push(...vendors);
  const script = (behaviour: Behaviour | string) => ({ defaults: { text: TEXT }, rules: [{ behaviour }] });
  vendors[0].setScript(script(first));
  vendors[1].setScript(script(second));
  const entry = (name: string, index: 0 | 1) => `[providers.models.custom.${name}]
uri = "${vendors[index].url}/v1"
api_key = "sk-${name}"
model = "m-${name}"
wire_api = "${wires[index]}"
`;
  const text = `schema_version = 3\n${entry('one', 0)}fallback = ["custom.two"]\n${entry('two', 1)}`;
  const config = loadConfigText(text, 'standin.toml', { env: {} });
  const standin = await createStandin({ config, env: {}, clock: fastClock, random: () => 0 });
  const gateway = createGateway({ standin });
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0 });
  open.push({ close: () => gateway.close({ graceMs: 0 }) });
  return { url, vendors };
}

type Ask = (url: string) => Promise<{ text: string; ids: Set<string> }>;

const CALLERS: Record<Wire, Ask> = {
  async chat_completions(url) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
    const ids = new Set<string>();
    let text = '';
    const stream = await client.chat.completions.create({
      model: 'custom.one',
      stream: true,
      messages: [{ role: 'user', content: 'go' }],
    });
    for await (const chunk of stream) {
      ids.add(chunk.id);
      text += chunk.choices[0]?.delta.content ?? '';
    }
    return { text, ids };
  },
  async messages(url) {
    const client = new Anthropic({ baseURL: url, apiKey: 'x', maxRetries: 0 });
    const stream = client.messages.stream({
      model: 'custom.one',
      max_tokens: 500,
      messages: [{ role: 'user', content: 'go' }],
    });
    const message = await stream.finalMessage();
    const text = message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    return { text, ids: new Set([message.id]) };
  },
  async responses(url) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
    const ids = new Set<string>();
    let text = '';
    let whole = '';
    for await (const event of await client.responses.create({ model: 'custom.one', stream: true, input: 'go' })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.completed') {
        whole = event.response.output_text ?? '';
        ids.add(event.response.id);
        whole = event.response.output
          .map((item) =>
            item.type === 'message'
              ? item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
              : '',
          )
          .join('');
      }
    }
    expect(whole).toBe(text);
    return { text, ids };
  },
};

const PAIRS: readonly [Wire, Wire][] = [
  ['chat_completions', 'chat_completions'],
  ['messages', 'messages'],
  ['responses', 'responses'],
  ['chat_completions', 'messages'],
  ['messages', 'chat_completions'],
];

describe('an answer that breaks in the middle', () => {
  for (const [caller, ask] of Object.entries(CALLERS)) {
    for (const wires of PAIRS) {
      it(`reaches a caller of ${caller} whole and once, from ${wires.join(' then ')}`, async () => {
        for (const at of [1, 9, 17, 40, TEXT.length - 1]) {
          for (const fault of [`cut-at${at}`, `cut-at${at}-rst`]) {
            const { url } = await bench(wires, fault);
            const { text, ids } = await ask(url);
            expect(text).toBe(TEXT);
            expect(ids.size).toBe(1);
          }
        }
      });
    }

    it(`is mended after a stall and an error in the stream, for a caller of ${caller}`, async () => {
      for (const fault of ['stall-at20', 'error-event-at20']) {
        const { url, vendors } = await bench(['chat_completions', 'messages'], fault);
        expect((await ask(url)).text).toBe(TEXT);
        expect(vendors[1].requests.length).toBe(1);
      }
    });

    it(`is an explicit error when the other answer diverges, for a caller of ${caller}`, async () => {
      const { url } = await bench(['chat_completions', 'chat_completions'], 'cut-at20', {
        text: 'Something else entirely, at length.',
      });
      await expect(ask(url)).rejects.toThrow();
    });
  }
});
