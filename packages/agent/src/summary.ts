import { partsOf, type Message } from '@standin/core/spec/message';
import type { ChatOptions, Provider } from '@standin/core/spec/provider';
import type { ChatResponse } from '@standin/core/spec/response';
import { collect } from '@standin/core/stream/collect';
import { shorten } from './outcome.ts';

const MOST_CHARS = 40_000;
const TASK =
  'Summarise this part of a conversation for the assistant that goes on with it: facts, decisions, names, numbers, open questions, results of tools. Short sentences, nothing invented.';

/** Output of a summary, tokens, and its input at most. */
export const SUMMARY_TOKENS = { input: MOST_CHARS / 3, output: 1_024 };

/** What was said, in few words; `undefined` when the model does not give any: then it is left out without. */
export async function summaryOf(
  messages: readonly Message[],
  provider: Provider,
  options: Pick<ChatOptions, 'signal' | 'onAttempt'> & { readonly maxTokens: number },
): Promise<ChatResponse | undefined> {
  const text = shorten(messages.map(lineOf).join('\n'), MOST_CHARS);
  try {
    const { maxTokens, ...call } = options;
    const question = [{ role: 'user', content: `${TASK}\n\n${text}` } as const];
    return await collect(provider.chat({ messages: question, maxTokens }, { ...call, stream: false }));
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    return undefined;
  }
}

function lineOf({ role, content }: Message): string {
  const parts = partsOf(content).map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type === 'tool-call') return `(calls ${part.name} ${part.arguments})`;
    if (part.type !== 'tool-result') return part.type === 'reasoning' ? '' : `(${part.type})`;
    return `(${part.name ?? 'tool'} returned: ${partsOf(part.content)
      .map((one) => (one.type === 'text' ? one.text : `(${one.type})`))
      .join(' ')})`;
  });
  return `${role}: ${parts.join(' ')}`;
}
