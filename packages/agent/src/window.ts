import { partsOf, type Message, type Part } from '@standin/core/spec/message';
import { estimateTokens } from './estimate.ts';

/** The conversation as it fits, and what had to go. */
export interface Fitted {
  readonly messages: readonly Message[];
  /** Whole turns that were left out, oldest first. */
  readonly dropped: readonly (readonly Message[])[];
  /** Results of tools, in the turn under way, whose content was left out. */
  readonly emptied: number;
}

const EMPTIED = '(left out: the conversation had become too long)';
/** Results of the turn under way that stay whatever happens: the model is about to read them. */
const KEPT_RESULTS = 2;

/**
 * Leaves out the oldest turns until the rest fits into `tokens`. A turn is a question with everything up to the next
 * one, so a tool's call is never parted from its result; system messages and the turn under way stay. Where that one
 * alone is too long, its older tool results are emptied.
 */
export function fitWindow(messages: readonly Message[], tokens: number, scale = 1): Fitted {
  const size = (list: readonly Message[]): number => estimateTokens(list) * scale;
  if (size(messages) <= tokens) return { messages, dropped: [], emptied: 0 };
  const system = messages.filter(({ role }) => role === 'system');
  const turns = turnsOf(messages);
  const last = turns.pop() ?? [];
  let left = size(system) + turns.reduce((sum, turn) => sum + size(turn), 0) + size(last);
  const dropped: (readonly Message[])[] = [];
  while (left > tokens) {
    const oldest = turns.shift();
    if (oldest === undefined) break;
    dropped.push(oldest);
    left -= size(oldest);
  }
  const [kept, emptied] = left > tokens ? emptyResults(last, left - tokens, scale) : [last, 0];
  return { messages: [...system, ...turns.flat(), ...kept], dropped, emptied };
}

/** Turns of a conversation, system messages left out. */
export function turnsOf(messages: readonly Message[]): Message[][] {
  const turns: Message[][] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    const turn = turns.at(-1);
    // A result is a `tool` message of its own; wires that put it into the user's turn do so later.
    if (turn === undefined || message.role === 'user') turns.push([message]);
    else turn.push(message);
  }
  return turns;
}

function emptyResults(turn: readonly Message[], excess: number, scale: number): [Message[], number] {
  const places = turn.flatMap((message, at) => (message.role === 'tool' ? [at] : []));
  const result = [...turn];
  let left = excess;
  let emptied = 0;
  for (const at of places.slice(0, Math.max(0, places.length - KEPT_RESULTS))) {
    if (left <= 0) break;
    const message = result[at];
    if (message === undefined) continue;
    const content = partsOf(message.content).map((part): Part =>
      part.type === 'tool-result' ? { ...part, content: EMPTIED } : part,
    );
    const shorter: Message = { ...message, content };
    left -= (estimateTokens([message]) - estimateTokens([shorter])) * scale;
    result[at] = shorter;
    emptied += 1;
  }
  return [result, emptied];
}
