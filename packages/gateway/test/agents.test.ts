import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { startSimulator, type Behaviour, type Rule, type Simulator } from '@standin/simulator';
import { attemptsOf, listRequests } from '@standin/store/query';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configGateway } from './helpers/config-gateway.ts';
import { startMcpServer } from './helpers/mcp-server.ts';
import { post, thrownBy, until } from './helpers/running-gateway.ts';

const everything = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');
const USAGE = { inputTokens: 10, outputTokens: 5 };

let vendor: Simulator;
let backup: Simulator;
beforeAll(async () => {
  [vendor, backup] = await Promise.all([startSimulator(), startSimulator()]);
});
afterAll(async () => {
  await Promise.all([vendor.close(), backup.close()]);
});
afterEach(() => {
  for (const one of [vendor, backup]) {
    one.setScript({});
    one.reset();
  }
});

/** A lead with tools of its own, a helper it may hand work to, and one whose callers bring their own. */
const toml = (mcp: string, more = '', alias = 'lead'): string => `schema_version = 3
[providers.models.custom.main]
uri = "${vendor.url}/v1"
api_key = "sk-a"
model = "m"
fallback = ["anthropic.spare"]
pricing = { m = { input = 1, output = 2 } }
[providers.models.anthropic.spare]
uri = "${backup.url}"
api_key = "sk-b"
model = "s"
pricing = { s = { input = 1, output = 2 } }
[agents.${alias}]
model_provider = "custom.main"
system_prompt = "You lead."
tools = ["every"]
approval = { "get-sum" = "allow", wait = "allow", echo = "ask" }
run_tools = "gateway"
delegates = ["helper"]
${more}
[agents.helper]
model_provider = "anthropic.spare"
system_prompt = "You help."
[agents.plain]
model_provider = "custom.main"
tools = ["every"]
[mcp.servers.every]
${mcp}
`;

/** A gateway over it, with its tools from a server in this process. */
async function bench(more = '', options: Parameters<typeof configGateway>[1] = {}, alias = 'lead') {
  const mcp = await startMcpServer();
  return { ...(await configGateway(toml(`url = "${mcp.url}"`, more, alias), options)), mcp };
}

/** The vendor's answers in turn. */
function say(...turns: (Behaviour | string)[]): void {
  const rules = turns.map((turn): Rule => ({ times: 1, behaviour: typeof turn === 'string' ? { text: turn } : turn }));
  vendor.setScript({ defaults: { usage: USAGE, callAgain: true }, rules });
}
const call = (name: string, args: unknown, text = ''): Behaviour => ({ toolCalls: [{ name, arguments: args }], text });
const SUM = call('get-sum', { a: 20, b: 22 }, 'I add.');
const bodies = (one = vendor): string[] => one.requests.map(({ body }) => JSON.stringify(body));

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

const ASK = { model: 'lead', messages: [{ role: 'user', content: 'How much?' }] };

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

  it('gives the caller calls of its own tools, after it has run those of the agent', async () => {
    const { url } = await bench();
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
    const tools = [{ type: 'function' as const, function: { name: 'look', parameters: { type: 'object' } } }];
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'How much?' }];
    say(SUM, { text: 'Now you.', toolCalls: [{ name: 'look', arguments: { at: 1 }, id: 'c1' }] }, 'It is there.');
    const first = await client.chat.completions.stream({ model: 'lead', messages, tools }).finalChatCompletion();
    const message = first.choices[0]?.message;
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(message?.content).toBe('I add.\n\nNow you.');
    expect(message?.tool_calls?.map((one) => one.type === 'function' && one.function)).toMatchObject([
      { name: 'look', arguments: '{"at":1}' },
    ]);
    messages.push(message as never, { role: 'tool', tool_call_id: 'c1', content: 'a door' });
    const second = await client.chat.completions.create({ model: 'lead', messages, tools });
    expect(second.choices[0]?.message.content).toBe('It is there.');
    const last = vendor.requests.at(-1)?.body as { messages: { role: string; tool_call_id?: string }[] };
    // The model finds what its own tools gave in between, which the caller never saw.
    expect(last.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'tool']);
    expect(JSON.stringify(last)).toContain('The sum of 20 and 22 is 42');
    expect(last.messages.at(-1)).toMatchObject({ tool_call_id: 'c1', content: 'a door' });
  });

  it('runs its own calls of a step beside those that it gives to the caller, and keeps them from others', async () => {
    const { url, keys } = await bench('', { callers: { one: {}, other: {} } });
    const tools = [{ name: 'look', input_schema: { type: 'object' } }];
    const both = [
      { name: 'get-sum', arguments: { a: 20, b: 22 }, id: 'own1' },
      { name: 'look', arguments: {}, id: 'look1' },
    ];
    const question = { role: 'user', content: 'How much?' };
    const ask = (key: string, messages: object[]): Promise<Response> =>
      post(`${url}/v1/messages`, { model: 'lead', max_tokens: 99, messages, tools }, { 'x-api-key': keys[key] ?? '' });
    say({ toolCalls: both, text: 'Both.' }, 'Mine.', 'Not mine.');
    const first = (await (await ask('one', [question])).json()) as { content: object[]; stop_reason: string };
    expect(first.stop_reason).toBe('tool_use');
    expect(first.content).toMatchObject([{ text: 'Both.' }, { type: 'tool_use', name: 'look', id: 'look1' }]);
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'look1', content: 'a door' }] };
    const rest = [question, { role: 'assistant', content: first.content }, result];
    for (const key of ['one', 'other']) expect((await ask(key, rest)).status).toBe(200);
    const [, mine = '', others = ''] = bodies();
    expect(mine).toContain('The sum of 20 and 22 is 42');
    expect(mine).toContain('a door');
    expect(others).toContain('a door');
    expect(others).not.toContain('The sum of');
  });

  it('refuses a tool of the caller that has the name of one of its own', async () => {
    const { url } = await bench();
    for (const name of ['get-sum', 'delegate']) {
      const answer = await post(`${url}/v1/messages`, {
        ...ASK,
        max_tokens: 9,
        tools: [{ name, input_schema: { type: 'object' } }],
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ type: 'error', error: { message: expect.stringContaining(name) } });
    }
    expect(vendor.requests).toHaveLength(0);
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

  it('ends at a limit in a way that no client takes for complete', async () => {
    const { url, rows } = await bench('max_total_tokens = 3000');
    vendor.setScript({ defaults: { usage: { inputTokens: 2_990, outputTokens: 9 } }, rules: [{ behaviour: SUM }] });
    const answer = await post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 20 });
    expect(await answer.json()).toMatchObject({
      choices: [{ finish_reason: 'length', message: { content: 'I add.' } }],
    });
    vendor.setScript({
      defaults: { usage: { inputTokens: 2_990, outputTokens: 9 } },
      rules: [{ behaviour: call('get-sum', { a: 1, b: 2 }) }],
    });
    const silent = await post(`${url}/v1/chat/completions`, { ...ASK, stream: true });
    expect(silent.status).toBe(504);
    expect(await silent.json()).toMatchObject({ error: { message: expect.stringContaining('limit of tokens') } });
    expect(rows().map(({ outcome }) => outcome)).toEqual(['failed', 'ok']);
  });

  it('reserves each step by itself: a budget that is used up in the middle ends the answer in an error', async () => {
    const { url, rows } = await bench('', { budgets: { dayNanoUsd: 50_000 } });
    say(SUM, call('get-sum', { a: 1, b: 1 }), 'Late.');
    const answer = await post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 10, stream: true });
    const text = await answer.text();
    expect(text).toContain('add.');
    expect(text).toContain('budget_exceeded');
    expect(text).not.toContain('[DONE]');
    expect(vendor.requests.length).toBeLessThan(3);
    expect(rows()[0]).toMatchObject({ outcome: 'failed', error_code: 'budget_exceeded' });
  });

  it('counts once for the rates of its caller’s key, with all its tokens, and is no recovery', async () => {
    const { url, keys, rows, ledger } = await bench('', {
      budgets: {},
      callers: { few: { requestsPerMinute: 2, parallel: 1 }, small: { tokensPerMinute: 40 } },
    });
    const ask = async (key: string): Promise<Response> => {
      say(SUM, call('get-sum', { a: 1, b: 1 }), 'Done.');
      const headers = { authorization: `Bearer ${keys[key]}` };
      return post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 10 }, headers);
    };
    for (const status of [200, 200, 429]) expect((await ask('few')).status).toBe(status);
    expect(rows()[1]).toMatchObject({ attempts: 3, steps: 3 });
    // Three model calls of 15 tokens each are more than it may use in a minute.
    for (const status of [200, 429]) expect((await ask('small')).status).toBe(status);
    expect(listRequests(ledger.db, { rescued: 1 })).toEqual([]);
  });

  it('ends with its caller: the model’s call and the tool are given up, and the tool server lives on', async () => {
    const { url, rows, mcp } = await bench('', { keepAliveMs: 30 });
    say(call('wait', {}, 'It takes long.'));
    const leave = new AbortController();
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...ASK, stream: true }),
      signal: leave.signal,
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    // While the tool runs the caller hears from it.
    while (!/long\.[^]*: keepalive/.test(heard)) heard += (await reader?.read())?.value ?? '';
    expect(mcp.seen).toContain('tools/call wait');
    leave.abort();
    await thrownBy(async () => reader?.read());
    await until('the row', () => rows().length === 1);
    expect(rows()[0]).toMatchObject({ outcome: 'left', agent: 'lead' });
    await until('the tool is told', () => mcp.seen.includes('notifications/cancelled'));
    // While a model thinks.
    vendor.setScript({ defaults: { fault: 'silent' } });
    const gone = new AbortController();
    const waiting = thrownBy(() =>
      fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(ASK), signal: gone.signal }),
    );
    await vendor.waitFor(({ sequence }) => sequence >= 2);
    gone.abort();
    await waiting;
    await until('the vendor is let go', () => vendor.requests.at(-1)?.callerLeftAt !== undefined);
  });
});
