import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { attemptsOf } from '@standin/store/query';
import { describe, expect, it } from 'vitest';
import { configGateway } from './helpers/config-gateway.ts';
import { ASK, SUM, USAGE, backup, bench, bodies, call, say, toml, useVendors } from './helpers/agent-bench.ts';
import { post, until } from './helpers/running-gateway.ts';

useVendors();

const everything = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');

interface Told {
  readonly text: string;
  readonly tokens: readonly (number | undefined)[];
  readonly end: unknown;
}

/** One question by the clients people use, streamed and whole. */
const CLIENTS: Record<string, (url: string, isStream: boolean) => Promise<Told>> = {
  async chat(url, stream) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
    const ask = { model: 'lead', messages: [{ role: 'user' as const, content: 'How much?' }] };
    if (!stream) {
      const { choices, usage } = await client.chat.completions.create(ask);
      expect(choices[0]?.message.tool_calls).toBeUndefined();
      const text = choices[0]?.message.content ?? '';
      return { text, tokens: [usage?.prompt_tokens, usage?.completion_tokens], end: choices[0]?.finish_reason };
    }
    const told = { text: '', tokens: [] as (number | undefined)[], end: undefined as unknown };
    for await (const chunk of await client.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    })) {
      expect(chunk.choices[0]?.delta.tool_calls).toBeUndefined();
      told.text += chunk.choices[0]?.delta.content ?? '';
      told.end ??= chunk.choices[0]?.finish_reason ?? undefined;
      if (chunk.usage != null) told.tokens = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens];
    }
    return told;
  },
  async responses(url, stream) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
    const ask = { model: 'lead', input: 'How much?' };
    const answer = stream
      ? await client.responses.stream(ask).finalResponse()
      : await client.responses.create({ ...ask, stream: false });
    expect(answer.output.map(({ type }) => type)).not.toContain('function_call');
    const tokens = [answer.usage?.input_tokens, answer.usage?.output_tokens];
    return { text: answer.output_text, tokens, end: answer.status };
  },
  async messages(url, stream) {
    const client = new Anthropic({ baseURL: url, apiKey: 'x', maxRetries: 0 });
    const ask = { model: 'lead', max_tokens: 100, messages: [{ role: 'user' as const, content: 'How much?' }] };
    const answer = stream ? await client.messages.stream(ask).finalMessage() : await client.messages.create(ask);
    const text = answer.content.map((block) => (block.type === 'text' ? block.text : `(${block.type})`)).join('');
    return { text, tokens: [answer.usage.input_tokens, answer.usage.output_tokens], end: answer.stop_reason };
  },
  async gemini(url, stream) {
    const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: url } });
    const ask = { model: 'lead', contents: 'How much?' };
    const answers = stream
      ? await client.models.generateContentStream(ask)
      : [await client.models.generateContent(ask)];
    const told = { text: '', tokens: [] as (number | undefined)[], end: undefined as unknown };
    for await (const { text, usageMetadata, candidates, functionCalls } of answers) {
      expect(functionCalls).toBeUndefined();
      told.text += text ?? '';
      told.end = candidates?.[0]?.finishReason ?? told.end;
      if (usageMetadata !== undefined)
        told.tokens = [usageMetadata.promptTokenCount, usageMetadata.candidatesTokenCount];
    }
    return told;
  },
  async ollama(url, stream) {
    const client = new Ollama({ host: url });
    const ask = { model: 'lead', messages: [{ role: 'user', content: 'How much?' }] };
    const answers = stream ? await client.chat({ ...ask, stream: true }) : [await client.chat(ask)];
    const told = { text: '', tokens: [] as (number | undefined)[], end: undefined as unknown };
    for await (const answer of answers) {
      expect(answer.message.tool_calls).toBeUndefined();
      told.text += answer.message.content;
      if (answer.done)
        Object.assign(told, { tokens: [answer.prompt_eval_count, answer.eval_count], end: answer.done_reason });
    }
    return told;
  },
};
const ENDS: Record<string, string> = {
  chat: 'stop',
  responses: 'completed',
  messages: 'end_turn',
  gemini: 'STOP',
  ollama: 'stop',
};

/** Processes that this one has started with `argument`. */
async function children(argument: string): Promise<number[]> {
  const threads = await readdir('/proc/self/task');
  const lists = await Promise.all(
    threads.map((id) => readFile(`/proc/self/task/${id}/children`, 'utf8').catch(() => '')),
  );
  const list = lists
    .join(' ')
    .split(' ')
    .filter((one) => one !== '');
  const ofThis = await Promise.all(
    list.map(async (pid) => ({ pid, line: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })),
  );
  return ofThis.filter(({ line }) => line.includes(argument)).map(({ pid }) => Number(pid));
}
const isAlive = (pid: number | undefined): boolean => existsSync(`/proc/${pid}/exe`);

describe('the public MCP server', () => {
  it('is started once for all callers, again when it has died, and stopped with the gateway', async () => {
    // Other tests of this process start the same program.
    const mark = randomUUID();
    const command = `command = ${JSON.stringify(process.execPath)}\nargs = ${JSON.stringify([everything, 'stdio', mark])}`;
    const { url, gateway } = await configGateway(toml(command));
    const ask = async (): Promise<string> => {
      say(SUM, '42.');
      return (await post(`${url}/v1/chat/completions`, ASK)).text();
    };
    await Promise.all([ask(), ask()]);
    expect(bodies()).toContainEqual(expect.stringContaining('The sum of 20 and 22 is 42'));
    const [pid, ...others] = await children(mark);
    expect([pid, others]).toEqual([expect.any(Number), []]);
    process.kill(pid ?? 0, 'SIGKILL');
    await until('it is gone', () => !isAlive(pid));
    // A call that meets its death is not made twice: the model is told. The next one starts it again.
    const again = async (): Promise<string | undefined> => (await ask()) && bodies().at(-1);
    await expect.poll(again, { interval: 1, timeout: 5_000 }).toContain('The sum of 20 and 22 is 42');
    const [next] = await children(mark);
    gateway.server.closeAllConnections();
    await gateway.close({ graceMs: 0 });
    await until('it is stopped', () => !isAlive(next));
  });
});

describe('an agent whose tools run on the gateway', () => {
  it.each(Object.keys(CLIENTS))('answers over %s, streamed and whole, with its tools run in between', async (name) => {
    const { url, rows, ledger } = await bench();
    for (const isStream of [true, false]) {
      // The vendor fails at the second step: the spare goes on with what the tool gave.
      say(SUM, { error: 'model' });
      backup.setScript({ defaults: { usage: USAGE, text: 'It is 42.' } });
      const told = await CLIENTS[name]?.(url, isStream);
      expect(told).toEqual({ text: 'I add.\n\nIt is 42.', tokens: [20, 10], end: ENDS[name] });
      expect(bodies(backup).at(-1)).toContain('The sum of 20 and 22 is 42');
      expect(bodies(backup).at(-1)).toContain('You lead.');
    }
    const [row] = rows();
    expect(row).toMatchObject({ agent: 'lead', outcome: 'ok', requested_model: 'lead', provider: 'anthropic.spare' });
    expect(row).toMatchObject({ input_tokens: 20, output_tokens: 10, cost_nano_usd: 40_000 });
    const attempts = attemptsOf(ledger.db, row?.seq ?? 0);
    expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, at) => at + 1));
    expect(attempts.at(0)).toMatchObject({ provider: 'custom.main', outcome: 'ok' });
    expect(attempts.at(-1)).toMatchObject({ provider: 'anthropic.spare', reason: expect.stringMatching(/^step 2: /) });
    expect(rows()).toHaveLength(2);
  });

  it('answers AWS clients, and whoever asks for no model at all where it is the default', async () => {
    const { url } = await bench('', {}, 'default');
    say(SUM, 'It is 42.', SUM, 'It is 42.');
    const body = { messages: [{ role: 'user', content: [{ text: 'How much?' }] }] };
    const aws = await post(`${url}/model/default/converse`, body);
    expect(await aws.json()).toMatchObject({
      output: { message: { content: [{ text: 'I add.' }, { text: '\n\nIt is 42.' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 20, outputTokens: 10 },
    });
    const any = await post(`${url}/v1/chat/completions`, { messages: ASK.messages });
    expect(await any.json()).toMatchObject({ choices: [{ message: { content: 'I add.\n\nIt is 42.' } }] });
  });

  it('leaves tools to the caller where the config does not say so', async () => {
    const { url } = await bench();
    say('I have none.');
    const answer = await post(`${url}/v1/chat/completions`, { ...ASK, model: 'plain' });
    expect(answer.status).toBe(200);
    expect(bodies()[0]).not.toContain('get-sum');
  });

  it('denies what a person would be asked about, and tells the model', async () => {
    const { url } = await bench();
    say(call('echo', { message: 'x' }), 'I may not.');
    const answer = await post(`${url}/v1/chat/completions`, ASK);
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'I may not.' } }] });
    expect(bodies()[1]).toContain("needs a person's approval");
  });

  it('hands work to a delegate; its calls count for both, and belong to the one row', async () => {
    const budgets = { perAgent: { helper: { dayNanoUsd: 20_000 }, lead: { dayNanoUsd: 1e9 } } };
    const { url, rows, ledger } = await bench('', { budgets });
    const hand = call('delegate', { agent: 'helper', task: 'Find it.' });
    backup.setScript({ defaults: { usage: USAGE, text: 'Found.' } });
    say(hand, 'Done.');
    const answer = await post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 10 });
    expect(await answer.json()).toMatchObject({
      choices: [{ message: { content: 'Done.' } }],
      usage: { prompt_tokens: 30 },
    });
    expect(bodies(backup)[0]).toContain('You help.');
    const [row] = rows();
    expect(row).toMatchObject({ agent: 'lead', attempts: 3, cost_nano_usd: 60_000 });
    const { reason } = attemptsOf(ledger.db, row?.seq ?? 0)[1] ?? {};
    expect(reason).toMatch(/^helper: /);
    // The helper's own budget is used up now: the lead is told, and answers without it.
    say(hand, 'Without help.');
    const second = await post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 10 });
    expect(await second.json()).toMatchObject({ choices: [{ message: { content: 'Without help.' } }] });
    expect(bodies().at(-1)).toContain('used up');
    expect(backup.requests).toHaveLength(1);
  });

  it('gives one JSON document where one is asked for: only the last step is it', async () => {
    const { url } = await bench();
    const format = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } };
    for (const stream of [false, true]) {
      say(SUM, '{"n":42}');
      const answer = await post(`${url}/v1/chat/completions`, { ...ASK, stream, response_format: format });
      const text = await answer.text();
      expect(text).not.toContain('I add');
      if (!stream) expect(JSON.parse(text)).toMatchObject({ choices: [{ message: { content: '{"n":42}' } }] });
    }
  });
});
