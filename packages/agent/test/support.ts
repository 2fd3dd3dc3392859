import { ProviderError, type ErrorDetails } from '@standin/core/spec/errors';
import type { StreamEvent } from '@standin/core/spec/event';
import type { ChatOptions, Provider } from '@standin/core/spec/provider';
import type { ChatRequest } from '@standin/core/spec/request';
import type { Usage } from '@standin/core/spec/usage';
import type { AgentEvent, AgentResult } from '@standin/agent';

export interface Call {
  readonly name: string;
  readonly args?: unknown;
}

/** One answer of a scripted model: a text, calls, or a failure. */
export type Turn = string | readonly Call[] | ErrorDetails;

/** A model that says what it is told to, turn by turn, and keeps what it was asked. */
export function scripted(
  turns: readonly Turn[] | ((request: ChatRequest, count: number) => Turn),
  options: { readonly usage?: Usage; readonly contextWindow?: number } = {},
): Provider & { readonly asked: ChatRequest[] } {
  const asked: ChatRequest[] = [];
  async function* chat(request: ChatRequest, { onAttempt, signal }: ChatOptions = {}): AsyncGenerator<StreamEvent> {
    asked.push(request);
    const turn = typeof turns === 'function' ? turns(request, asked.length) : turns[asked.length - 1];
    if (turn === undefined) throw new Error('The script is at its end.');
    if (typeof turn === 'object' && 'kind' in turn) throw new ProviderError(turn);
    signal?.throwIfAborted();
    const usage = options.usage ?? { inputTokens: 10, outputTokens: 5 };
    onAttempt?.({
      attempt: 1,
      provider: 'scripted',
      model: 'm',
      key: 'none',
      outcome: 'ok',
      startedMs: 0,
      endedMs: 1,
      waitedMs: 0,
      usage,
      reason: 'first',
    });
    yield { type: 'response-start', model: 'm' };
    const text = typeof turn === 'string' ? turn : '';
    if (text !== '') {
      yield { type: 'text-start', index: 0 };
      yield { type: 'text-delta', index: 0, text };
      yield { type: 'text-end', index: 0 };
    }
    const calls = typeof turn === 'string' ? [] : turn;
    for (const [index, { name, args }] of calls.entries()) {
      const json = typeof args === 'string' ? args : JSON.stringify(args ?? {});
      const id = `call_${asked.length}_${index}`;
      yield { type: 'tool-call-start', index, id, name };
      yield { type: 'tool-call-delta', index, json };
      yield { type: 'tool-call-end', index, id, name, arguments: json };
    }
    yield { type: 'finish', reason: calls.length > 0 ? 'tool-calls' : 'stop', usage };
  }
  return { name: 'scripted', capabilities: { streaming: true, contextWindow: options.contextWindow }, chat, asked };
}

/** Runs to the end; events and result. */
export async function finish(run: AsyncGenerator<AgentEvent, AgentResult>) {
  const events: AgentEvent[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { events, result: next.value };
    events.push(next.value);
  }
}
