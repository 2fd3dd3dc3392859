import { partsOf, type Message } from '@standin/core/spec/message';
import type { Provider } from '@standin/core/spec/provider';
import { collect } from '@standin/core/stream/collect';
import { shorten } from './outcome.ts';

const MOST_CHARS = 40_000;
const TASK =
  'Summarise this part of a conversation for the assistant that goes on with it: facts, decisions, names, numbers, open questions, results of tools. Short sentences, nothing invented.';

/** What was said, in few words; `undefined` when the model does not give any: then it is left out without. */
export async function summaryOf(
  messages: readonly Message[],
  provider: Provider,
  signal: AbortSignal,
): Promise<string | undefined> {
  const text = shorten(messages.map(lineOf).join('\n'), MOST_CHARS);
  try {
    const { text: summary } = await collect(
      provider.chat({ messages: [{ role: 'user', content: `${TASK}\n\n${text}` }] }, { signal, stream: false }),
    );
    return summary.trim() === '' ? undefined : summary.trim();
  } catch (error) {
    if (signal.aborted) throw error;
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
