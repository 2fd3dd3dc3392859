import { PassThrough } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Message } from '@standin/core/spec/message';
import type { ChatResponse } from '@standin/core/spec/response';
import { converse } from '../src/agent/conversation.ts';
import { Interrupted } from '../src/cli/exit.ts';
import type { Interrupt, StopSignal } from '../src/cli/interrupt.ts';
import { createOutput } from '../src/cli/output.ts';

const answer = (text: string): ChatResponse => ({
  content: [{ type: 'text', text }],
  text,
  finishReason: 'stop',
  warnings: [],
});

type Ask = (messages: readonly Message[], model: string | undefined, signal: AbortSignal) => Promise<ChatResponse>;

function conversation(ask: Ask) {
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
    messages: [],
    model: undefined,
    ask,
    report: (error) => void reports.push(error),
    save: async (messages) => void saved.push([...messages]),
  });
  const shown = () => String(prompts.read() ?? '');
  return { input, done, saved, reports, shown, interrupt };
}

describe('a conversation', () => {
  it('carries the earlier turns along and obeys its commands', async () => {
    const asked: { count: number; model: string | undefined; last: Message | undefined }[] = [];
    const talk = conversation(async (messages, model) => {
      asked.push({ count: messages.length, model, last: messages.at(-1) });
      return answer(`answer ${asked.length}`);
    });
    talk.input.write('one\n/model fast\ntwo \\\nand more\n\n/clear\nthree\n/nonsense\n/help\n/quit\nnever\n');
    await talk.done;
    expect(asked).toEqual([
      { count: 1, model: undefined, last: { role: 'user', content: 'one' } },
      { count: 3, model: 'fast', last: { role: 'user', content: 'two \nand more' } },
      { count: 1, model: 'fast', last: { role: 'user', content: 'three' } },
    ]);
    expect(talk.saved).toHaveLength(3);
    expect(talk.shown()).toMatch(/Unknown command \/nonsense[\s\S]*Ctrl-C stops an answer/);
  });

  it('forgets a question that failed and goes on', async () => {
    let calls = 0;
    const talk = conversation(async (messages) => {
      if (++calls === 1) throw new Error('all routes failed');
      return answer(String(messages.length));
    });
    talk.input.end('one\ntwo\n');
    await talk.done;
    expect(talk.reports).toHaveLength(1);
    expect(talk.saved[0]).toHaveLength(2);
  });

  it('lets Ctrl-C cancel the answer under way, and leave with 130 at the prompt', async () => {
    const cancelled: boolean[] = [];
    const talk = conversation(
      (_messages, _model, signal) =>
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
    expect(talk.shown()).toContain('(stopped)');
    talk.interrupt.trigger('SIGINT');
    await expect(talk.done).rejects.toMatchObject({ code: 130 });
  });
});
