import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AgentBudget,
  approvalFor,
  defineTool,
  delegateTool,
  runAgent,
  type AgentTool,
  type RunAgentOptions,
} from '@standin/agent';
import { fitWindow } from '@standin/agent/window';
import { estimateTokens } from '@standin/agent/estimate';
import { partsOf, type Message, type ToolResultPart } from '@standin/core/spec/message';
import { finish, scripted } from './support.ts';

const ask = (text: string): Message[] => [{ role: 'user', content: text }];
const run = (options: Omit<RunAgentOptions, 'messages'> & { messages?: Message[] }) =>
  finish(runAgent({ messages: ask('go'), ...options }));

const add = defineTool({ name: 'add', parameters: { type: 'object' } }, async ({ a, b }) => Number(a) + Number(b));

/** Results of tools in a conversation, in order. */
const resultsIn = (messages: readonly Message[]): ToolResultPart[] =>
  messages.flatMap(({ content }) => partsOf(content).filter((part) => part.type === 'tool-result'));

/** Every call has its result right after it, and no result is without a call. */
function expectPaired(messages: readonly Message[]): void {
  messages.forEach((message, at) => {
    const calls = partsOf(message.content).flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
    const next = messages[at + 1];
    const results = next === undefined ? [] : resultsIn([next]).map(({ toolCallId }) => toolCallId);
    if (calls.length > 0) expect(results).toEqual(calls);
    if (message.role === 'tool') expect(messages[at - 1]?.role).toBe('assistant');
  });
}

describe('the loop', () => {
  it('gives results back until the model answers', async () => {
    const provider = scripted([
      [
        { name: 'add', args: { a: 1, b: 2 } },
        { name: 'add', args: { a: 3, b: 4 } },
      ],
      'three and seven',
    ]);
    const { result, events } = await run({ provider, tools: [add], system: 'Count.' });
    expect(result).toMatchObject({ text: 'three and seven', ended: 'answer', steps: 2, tokens: 30 });
    expect(resultsIn(provider.asked[1]?.messages ?? []).map(({ content }) => content)).toEqual(['3', '7']);
    expect(provider.asked[0]?.messages[0]).toEqual({ role: 'system', content: 'Count.' });
    expectPaired(result.messages);
    expect(events.filter(({ type }) => type === 'tool-end')).toHaveLength(2);
  });

  it.each<[string, AgentTool | undefined, unknown, RegExp]>([
    ['an unknown tool', undefined, {}, /no tool "strange".*add/],
    ['broken JSON', add, '{"a": 1', /not valid JSON/],
    ['arguments that are no object', add, '[1]', /must be a JSON object/],
    [
      'a tool that throws',
      defineTool({ name: 'strange' }, async () => Promise.reject(new Error('disk on fire'))),
      {},
      /disk on fire/,
    ],
    [
      'a tool that hangs',
      defineTool({ name: 'strange', timeoutMs: 20 }, () => new Promise(() => {})),
      {},
      /did not answer within 0.02 s/,
    ],
    ['a huge result', defineTool({ name: 'strange' }, async () => 'x'.repeat(5e6)), {}, /characters left out/],
    ['binary rubbish', defineTool({ name: 'strange' }, async () => '\uD800\u0000text'), {}, /^\uFFFD\uFFFDtext$/],
  ])('tells the model of %s and goes on', async (_name, tool, args, expected) => {
    const provider = scripted([[{ name: tool === add ? 'add' : 'strange', args }], 'well']);
    const { result } = await run({ provider, tools: tool === undefined ? [add] : [tool] });
    expect(result).toMatchObject({ text: 'well', ended: 'answer' });
    const [given] = resultsIn(provider.asked[1]?.messages ?? []);
    expect(given?.content).toMatch(expected);
    expect(JSON.stringify(given?.content).length).toBeLessThan(61_000);
  });

  it('runs the calls of one step side by side, or one after the other', async () => {
    for (const parallelTools of [true, false]) {
      let [open, most] = [0, 0];
      const tool = defineTool({ name: 'slow' }, async () => {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        return open;
      });
      const calls = Array.from({ length: 5 }, (_, index) => ({ name: 'slow', args: { index } }));
      await run({ provider: scripted([calls, 'done']), tools: [tool], parallelTools });
      expect(most).toBe(parallelTools ? 5 : 1);
    }
  });

  it('asks for an answer without tools at the last step, and ends there', async () => {
    const provider = scripted((request, count) =>
      request.toolChoice?.type === 'none' ? 'so far so good' : [{ name: 'add', args: { a: count, b: 1 } }],
    );
    const { result } = await run({ provider, tools: [add], limits: { maxSteps: 4 } });
    expect(result).toMatchObject({ steps: 4, text: 'so far so good' });
    const stubborn = scripted((_request, count) => [{ name: 'add', args: { a: count, b: 1 } }]);
    const { result: cut, events } = await run({ provider: stubborn, tools: [add], limits: { maxSteps: 3 } });
    expect(cut).toMatchObject({ steps: 3, ended: 'steps' });
    expectPaired(cut.messages);
    expect(events.at(-1)).toMatchObject({ type: 'limit', limit: 'steps' });
  });

  it('stops a model that makes the same call for ever', async () => {
    let ran = 0;
    const tool = defineTool({ name: 'again' }, async () => (ran += 1));
    const provider = scripted((_request, count) => [
      { name: 'again', args: count % 2 === 0 ? '{"x":1,"y":2}' : '{"y":2,"x":1}' },
    ]);
    const { result } = await run({ provider, tools: [tool], limits: { maxSteps: 50 } });
    expect([result.ended, ran]).toEqual(['loop', 3]);
    expectPaired(result.messages);
  });

  it('ends when its time is up, whatever hangs', async () => {
    const tool = defineTool({ name: 'hang' }, () => new Promise(() => {}));
    const { result } = await run({
      provider: scripted([[{ name: 'hang' }], 'never']),
      tools: [tool],
      limits: { maxMs: 40 },
    });
    expect(result.ended).toBe('time');
  });

  it('ends at once when it is stopped', async () => {
    const stop = new AbortController();
    const tool = defineTool({ name: 'hang' }, async () => {
      stop.abort();
      return new Promise(() => {});
    });
    await expect(
      run({ provider: scripted([[{ name: 'hang' }]]), tools: [tool], signal: stop.signal }),
    ).rejects.toThrow();
  });

  it('never passes its tokens or its money, whatever a call may cost', async () => {
    const price = { inputNanoUsd: 100, outputNanoUsd: 1_000 };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_000, max: 400_000 }),
        fc.integer({ min: 50, max: 5_000 }),
        async (maxNanoUsd, maxTokens) => {
          let spent = 0;
          let used = 0;
          const provider = scripted((_request, count) => [{ name: 'add', args: { a: count, b: 0 } }]);
          const chat: typeof provider.chat = async function* (request, options) {
            const inputTokens = estimateTokens(request.messages, request.tools) - 1;
            const usage = { inputTokens, outputTokens: request.maxTokens ?? 0 };
            spent += inputTokens * price.inputNanoUsd + usage.outputTokens * price.outputNanoUsd;
            used += inputTokens + usage.outputTokens;
            for await (const event of provider.chat(request, {
              ...options,
              onAttempt: (attempt) => options?.onAttempt?.({ ...attempt, usage }),
            }))
              yield event.type === 'finish' ? { ...event, usage } : event;
          };
          const { result } = await run({
            provider: { ...provider, chat },
            tools: [add],
            limits: { maxNanoUsd, maxTokens, maxSteps: 30 },
            dearest: price,
            priceOf: () => ({ ...price, source: 'test' }),
          });
          expect(spent).toBeLessThanOrEqual(maxNanoUsd);
          expect(used).toBeLessThanOrEqual(maxTokens);
          expect(result.nanoUsd).toBe(spent);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('spends nothing of a money limit on a model without a price', async () => {
    const { result } = await run({ provider: scripted(['hello']), limits: { maxNanoUsd: 1e9 } });
    expect(result).toMatchObject({ ended: 'money', steps: 0 });
  });

  it('goes on from the last checkpoint after a failed step', async () => {
    const provider = scripted([[{ name: 'add', args: { a: 1, b: 1 } }], { kind: 'server', message: 'down' }]);
    let kept: readonly Message[] = [];
    const failing = runAgent({ provider, tools: [add], messages: ask('go') });
    await expect(
      (async () => {
        for await (const event of failing) if (event.type === 'checkpoint') kept = event.messages;
      })(),
    ).rejects.toThrow('down');
    expectPaired(kept);
    const { result } = await run({ provider: scripted(['two']), tools: [add], messages: [...kept] });
    expect(result.text).toBe('two');
    expect(resultsIn(result.messages)).toHaveLength(1);
  });
});

describe('approval', () => {
  const call = (name: string) => ({ type: 'tool-call' as const, id: '1', name, arguments: '{}' });
  const tool = (name: string) => defineTool({ name }, async () => 'done');

  it('takes the rule that fits best, asks otherwise, and denies where nobody can be asked', async () => {
    const rules = { '*': 'ask', 'files_*': 'allow', files_delete: 'deny' } as const;
    const nobody = approvalFor(rules, undefined);
    expect(await nobody(call('files_read'), tool('files_read'))).toBe(true);
    expect(await nobody(call('files_delete'), tool('files_delete'))).toMatch(/not allowed/);
    expect(await nobody(call('shell'), tool('shell'))).toMatch(/nobody to ask/);
    let asked = 0;
    const person = approvalFor(rules, async () => {
      asked += 1;
      return asked === 1 ? 'no' : 'always';
    });
    expect(await person(call('shell'), tool('shell'))).toMatch(/did not allow/);
    expect(await person(call('shell'), tool('shell'))).toBe(true);
    expect(await person(call('shell'), tool('shell'))).toBe(true);
    expect(asked).toBe(2);
    expect(await approvalFor({}, undefined)(call('constructor'), tool('constructor'))).toMatch(/nobody to ask/);
  });
});

describe('the window', () => {
  it('is fitted at turn borders: no call without its result, the question under way stays', () => {
    const turn = fc.record({
      text: fc.string({ maxLength: 200 }),
      calls: fc.array(fc.string({ maxLength: 300 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(turn, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 10, max: 600 }),
        (turns, tokens) => {
          const messages = turns.flatMap(({ text, calls }, at): Message[] => [
            { role: 'user', content: `${at} ${text}` },
            ...calls.flatMap((content, index): Message[] => [
              { role: 'assistant', content: [{ type: 'tool-call', id: `${at}-${index}`, name: 'f', arguments: '{}' }] },
              { role: 'tool', content: [{ type: 'tool-result', toolCallId: `${at}-${index}`, content }] },
            ]),
            ...(at === turns.length - 1 ? [] : [{ role: 'assistant', content: 'ok' } as const]),
          ]);
          const fitted = fitWindow(messages, tokens);
          expectPaired(fitted.messages);
          const last = messages.findLastIndex(({ role }) => role === 'user');
          expect(fitted.messages.find((message) => message === messages[last])).toBeDefined();
          expect(fitted.messages[0]?.role).toBe('user');
          if (fitted.dropped.length === 0 && fitted.emptied === 0) expect(fitted.messages).toEqual(messages);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is found out by the vendor where it is not known', async () => {
    const provider = scripted((request) =>
      estimateTokens(request.messages) > 400 ? { kind: 'context-window', message: 'too long' } : 'short enough',
    );
    const long = Array.from({ length: 12 }, (_, at): Message[] => [
      { role: 'user', content: `question ${at} ${'word '.repeat(40)}` },
      { role: 'assistant', content: `answer ${at}` },
    ]).flat();
    const { result, events } = await run({ provider, messages: [...long, ...ask('and now?')] });
    expect(result.text).toBe('short enough');
    expect(events.some(({ type }) => type === 'trimmed')).toBe(true);
    expect(result.messages.length).toBeGreaterThan(20);
  });
});

describe('a summary', () => {
  it('takes the place of what was left out, and is paid from the same budget', async () => {
    const provider = scripted(
      (request) => (JSON.stringify(request.messages).includes('Summarise') ? 'they met' : 'yes'),
      {
        contextWindow: 1_000,
      },
    );
    const long = Array.from({ length: 12 }, (_, at): Message[] => [
      { role: 'user', content: `question ${at} ${'word '.repeat(60)}` },
      { role: 'assistant', content: `answer ${at}` },
    ]).flat();
    const { result, events } = await run({ provider, messages: [...long, ...ask('and now?')], summarise: true });
    expect(events.find(({ type }) => type === 'trimmed')).toMatchObject({ summarised: true });
    expect(JSON.stringify(provider.asked.at(-1)?.messages)).toContain('they met');
    expect(result.tokens).toBe(30);
  });
});

describe('delegates', () => {
  it('share one budget, and are not called in a circle', async () => {
    const budget = new AgentBudget({ maxTokens: 1_000 });
    const worker = scripted(['the answer is 42']);
    const boss = scripted([[{ name: 'delegate', args: { agent: 'worker', task: 'think' } }], 'it is 42']);
    const seen: string[] = [];
    const tool = delegateTool({
      delegates: [{ alias: 'worker' }, { alias: 'boss' }],
      path: ['boss'],
      budget,
      onEvent: (event) => seen.push(`${event.agent} ${event.type}`),
      run: (alias, task, context) =>
        runAgent({
          agent: [...context.path, alias].join(' > '),
          provider: worker,
          messages: ask(task),
          budget: context.budget,
          signal: context.signal,
        }),
    });
    expect(tool?.parameters).toMatchObject({ properties: { agent: { enum: ['worker'] } } });
    const { result } = await run({ provider: boss, tools: tool === undefined ? [] : [tool], budget });
    expect(result).toMatchObject({ text: 'it is 42', tokens: 45 });
    expect(seen).toContain('boss > worker step-end');
    expect(resultsIn(boss.asked[1]?.messages ?? [])[0]?.content).toBe('the answer is 42');
    expect(
      delegateTool({ delegates: [{ alias: 'a' }], path: ['a'], budget, run: tool as never, onEvent: () => {} }),
    ).toBeUndefined();
  });
});
