import { PassThrough } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Message } from '@standin/core/spec/message';
import { converse, type Ask } from '../src/agent/conversation.ts';
import { Interrupted } from '../src/cli/exit.ts';
import type { Interrupt, StopSignal } from '../src/cli/interrupt.ts';
import { createOutput } from '../src/cli/output.ts';

/** The conversation with an answer to it. */
const answered = (messages: readonly Message[], text: string): Message[] => [
  ...messages,
  { role: 'assistant', content: text },
];

function conversation(ask: Ask, messages: Message[] = []) {
  const input = new PassThrough();
  const prompts = new PassThrough();
  const saved: Message[][] = [];
  const reports: unknown[] = [];
  let handler: ((cause: StopSignal) => boolean) | undefined;
  const interrupt: Interrupt = {
    signal: new AbortController().signal,
    cause: undefined,
    handle: (next) => void (handler = next),
    trigger: (cause) => void handler?.(cause),
  };
  const done = converse({
    input,
    prompts,
    terminal: false,
    output: createOutput({}, new PassThrough(), new PassThrough()),
    interrupt,
    messages,
    route: {},
    checkRoute: async ({ model, agent }) => {
      if (model === 'nowhere' || agent === 'nobody') throw new Error('leads nowhere');
    },
    costText: () => 'nothing so far',
    saveTo: async (path, all) => void saved.push([{ role: 'system', content: path }, ...all]),
    ask,
    report: (error) => void reports.push(error),
    save: async (all) => void saved.push([...all]),
  });
  const shown = () => String(prompts.read() ?? '');
  return { input, done, saved, reports, shown, interrupt };
}

describe('a conversation', () => {
  it('carries the earlier turns along and obeys its commands', async () => {
    const asked: { count: number; model: string | undefined; last: Message | undefined }[] = [];
    const talk = conversation(async (messages, { model }) => {
      asked.push({ count: messages.length, model, last: messages.at(-1) });
      return answered(messages, `answer ${asked.length}`);
    });
    talk.input.write('one\n/model fast\ntwo \\\nand more\n\n/clear\nthree\n/nonsense\n/help\n/quit\nnever\n');
    await talk.done;
    expect(asked).toEqual([
      { count: 1, model: undefined, last: { role: 'user', content: 'one' } },
      { count: 3, model: 'fast', last: { role: 'user', content: 'two \nand more' } },
      { count: 1, model: 'fast', last: { role: 'user', content: 'three' } },
    ]);
    expect(talk.saved).toEqual([[]]);
    expect(talk.shown()).toMatch(/Unknown command \/nonsense[\s\S]*Ctrl-C stops an answer/);
  });

  it('forgets a question that failed and goes on', async () => {
    let calls = 0;
    const counts: number[] = [];
    const talk = conversation(async (messages) => {
      if (++calls === 1) throw new Error('all routes failed');
      counts.push(messages.length);
      return answered(messages, 'fine');
    });
    talk.input.end('one\ntwo\nthree\n');
    await talk.done;
    expect(talk.reports).toHaveLength(1);
    expect(counts).toEqual([1, 3]);
  });

  it('lets Ctrl-C cancel the answer under way, and leave with 130 at the prompt', async () => {
    const cancelled: boolean[] = [];
    const talk = conversation(
      (_messages, _route, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            cancelled.push(true);
            reject(new Interrupted());
          }),
        ),
    );
    talk.input.write('one\n');
    await tick();
    await tick();
    talk.interrupt.trigger('SIGINT');
    await tick();
    await tick();
    expect(cancelled).toEqual([true]);
    expect(talk.shown()).toContain('(stopped; /retry asks again)');
    talk.interrupt.trigger('SIGINT');
    await expect(talk.done).rejects.toMatchObject({ code: 130 });
  });

  it('asks the last question again, answered or not', async () => {
    const asked: unknown[] = [];
    const talk = conversation(async (messages) => {
      asked.push(messages.map(({ content }) => content));
      if (asked.length === 1) throw new Error('all routes failed');
      return answered(messages, `answer ${asked.length}`);
    });
    talk.input.end('/retry\none\n/retry\n/retry\ntwo\n');
    await talk.done;
    expect(asked).toEqual([['one'], ['one'], ['one'], ['one', 'answer 3', 'two']]);
    expect(talk.shown()).toContain('There is no question yet.');
  });

  it('goes on with a saved one whose last question has no answer', async () => {
    const asked: number[] = [];
    const ask: Ask = async (messages) => {
      asked.push(messages.length);
      return answered(messages, 'now');
    };
    const saved: Message[] = [{ role: 'user', content: 'killed here' }];
    const retried = conversation(ask, saved);
    retried.input.end('/retry\nmore\n');
    await retried.done;
    expect(retried.shown()).toContain('/retry asks it again');
    const replaced = conversation(ask, saved);
    replaced.input.end('another\n');
    await replaced.done;
    expect(asked).toEqual([1, 3, 1]);
  });

  it('changes model and agent in the middle, says what it cost, and saves', async () => {
    const routes: unknown[] = [];
    const talk = conversation(async (messages, route) => {
      routes.push(route);
      return answered(messages, 'yes');
    });
    talk.input.end(
      '/model fast\none\n/agent writer\ntwo\n/model nowhere\n/agent nobody\nthree\n/cost\n/save kept.json\n/save\n',
    );
    await talk.done;
    expect(routes).toEqual([{ model: 'fast' }, { agent: 'writer' }, { agent: 'writer' }]);
    expect(talk.reports).toHaveLength(2);
    expect(talk.saved.at(-1)).toHaveLength(7);
    expect(talk.shown()).toMatch(/nothing so far[\s\S]*--session kept\.json[\s\S]*Say where/);
  });
});
