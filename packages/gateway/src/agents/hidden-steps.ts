import { partsOf, type Message } from '@standin/core/spec/message';

/**
 * The steps of runs that ended with calls for their callers. A caller sees the text and its own calls; what the agent's
 * tools gave in between stays here, and is put back when the caller goes on from its call.
 */
export interface HiddenSteps {
  /** `owner`: whose run it was; nobody else's request is completed. `messages`: all that came after the request's own. */
  keep(owner: string, messages: readonly Message[]): void;
  /** The conversation with what is remembered of it; what is not is as the caller sent it. */
  restore(owner: string, messages: readonly Message[]): readonly Message[];
}

const MOST_RUNS = 1_000;
const MOST_CHARS = 1_000_000;
const MOST_CHARS_IN_ALL = 32_000_000;

interface Kept {
  readonly owner: string;
  readonly messages: readonly Message[];
  readonly chars: number;
}

/** In memory, the newest of this process. */
export function createHiddenSteps(): HiddenSteps {
  /** By the id of the caller's first call. */
  const kept = new Map<string, Kept>();
  let chars = 0;
  const forget = (id: string): void => {
    chars -= kept.get(id)?.chars ?? 0;
    kept.delete(id);
  };
  return {
    keep(owner, messages) {
      const last = messages.findLast(({ role }) => role === 'assistant');
      const size = JSON.stringify(messages).length;
      if (last === undefined || messages.length < 2 || size > MOST_CHARS) return;
      for (const id of openCalls(messages)) {
        forget(id);
        kept.set(id, { owner, messages, chars: size });
        chars += size;
      }
      for (const id of kept.keys()) {
        if (kept.size <= MOST_RUNS && chars <= MOST_CHARS_IN_ALL) break;
        forget(id);
      }
    },
    restore(owner, messages) {
      if (kept.size === 0) return messages;
      return messages.flatMap((message) => {
        const found =
          message.role === 'assistant'
            ? callsIn(message)
                .map((id) => kept.get(id))
                .find(isKept)
            : undefined;
        return found?.owner === owner ? found.messages : [message];
      });
    },
  };
}

const isKept = (one: Kept | undefined): one is Kept => one !== undefined;

const callsIn = ({ content }: Message): string[] =>
  partsOf(content).flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));

/** Calls of the last step that have no result: those of the caller. */
function openCalls(messages: readonly Message[]): string[] {
  const last = messages.findLast(({ role }) => role === 'assistant');
  const results = new Set(
    messages.flatMap(({ content }) =>
      partsOf(content).flatMap((part) => (part.type === 'tool-result' ? [part.toolCallId] : [])),
    ),
  );
  return last === undefined ? [] : callsIn(last).filter((id) => !results.has(id));
}
