/** The three protocols of the acceptance list, as callers and vendors speak them. */
export type Wire = 'chat_completions' | 'messages' | 'responses';
export const WIRES: readonly Wire[] = ['chat_completions', 'messages', 'responses'];
export const SHORT: Readonly<Record<Wire, string>> = {
  chat_completions: 'chat',
  messages: 'messages',
  responses: 'responses',
};

/** An error body of the protocol. */
export function errorBody(wire: Wire, type: string, code: string | null, message: string): string {
  if (wire === 'messages') return JSON.stringify({ type: 'error', error: { type, message } });
  return JSON.stringify({ error: { message, type, code, param: null } });
}
