import { isRecord } from '../store/profile-json.ts';

export interface Initiator {
  /** `agent` when the last turn is not the user's: decides what a call costs. */
  readonly initiator: 'user' | 'agent';
  readonly vision: boolean;
}

const IMAGE_TYPES = new Set(['image_url', 'input_image', 'image']);

/** What Copilot's headers say about a call, read from its body, whichever protocol it is in. */
export function initiatorOf(body: string): Initiator {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { initiator: 'user', vision: false };
  }
  const turns = isRecord(parsed) ? (parsed['messages'] ?? parsed['input']) : undefined;
  if (!Array.isArray(turns)) return { initiator: 'user', vision: false };
  const last: unknown = turns.at(-1);
  return { initiator: isUsers(last) ? 'user' : 'agent', vision: turns.some(hasImage) };
}

function isUsers(turn: unknown): boolean {
  if (!isRecord(turn)) return true;
  if (turn['role'] !== 'user') return turn['role'] === undefined && turn['type'] === undefined;
  // Anthropic's tool results come in user turns.
  const { content } = turn;
  return !Array.isArray(content) || content.some((part: unknown) => !isRecord(part) || part['type'] !== 'tool_result');
}

function hasImage(turn: unknown): boolean {
  if (!isRecord(turn) || !Array.isArray(turn['content'])) return false;
  return turn['content'].some((part: unknown) => isRecord(part) && IMAGE_TYPES.has(String(part['type'])));
}
