/** What ought to come of a fault at one target, when those after it are well. */
export type Hope =
  /** The same target gets over it. */
  | 'same'
  /** Another target has to answer. */
  | 'next'
  /** Another target has to answer, and only one that reads more. */
  | 'larger'
  /** The answer under way is mended by the same target or another one. */
  | 'mended'
  /** Mended by another target only. */
  | 'mended-next'
  /** Nobody may answer: an explicit error. */
  | 'error'
  /** An error unless the config routes around refusals. */
  | 'policy';

export interface FaultRow {
  /** Short and stable, for scripts. */
  readonly id: string;
  /** At most 34 characters. */
  readonly title: string;
  /** What the stand-in of the target does, as a short form; `refused`: its port is closed. */
  readonly does: string;
  /** What the stand-ins after it do. Default: they answer, in the same words. */
  readonly others?: string;
  readonly hope: Hope;
  /** The request offers a tool. */
  readonly tool?: boolean;
}

const row = (
  id: string,
  title: string,
  does: FaultRow['does'],
  hope: Hope,
  more: Partial<FaultRow> = {},
): FaultRow => ({
  id,
  title,
  does,
  hope,
  ...more,
});

/** Every way a vendor fails, from what is over in a moment to what nobody can mend. */
export const CATALOGUE: readonly FaultRow[] = [
  row('rate-limit-once', '429 once, try again in 2 s', '429-after2-x1', 'same'),
  row('rate-limit', '429 always', '429-after60', 'next'),
  row('quota', '429 quota used up', 'quota', 'next'),
  row('billing', '402 balance used up', 'billing', 'next'),
  row('auth', '401 key refused', 'auth', 'next'),
  row('permission', '403 not allowed', 'permission', 'next'),
  row('model', '404 no such model', 'model', 'next'),
  row('server-once', '500 once', 'server-x1', 'same'),
  row('server', '500 always', 'server', 'next'),
  row('bad-gateway', '502 always', 'bad-gateway', 'next'),
  row('unavailable', '503 always', 'unavailable', 'next'),
  row('gateway-timeout', '504 always', 'gateway-timeout', 'next'),
  row('overloaded', '529 overloaded', 'overloaded', 'next'),
  row('timeout-status', '408 always', 'timeout', 'next'),
  row('conflict', '409 always', 'conflict', 'next'),
  row('refused', 'connection refused', 'refused', 'next'),
  row('reset-once', 'connection reset once', 'reset-x1', 'same'),
  row('reset', 'connection reset always', 'reset', 'next'),
  row('closed', 'connection closed without an answer', 'close', 'next'),
  row('silent', 'accepts, then silence', 'silent', 'next'),
  row('headers-silent', 'headers, then silence', 'headers-silent', 'next'),
  row('slow', 'headers after 20 s', 'slow20000', 'next'),
  row('empty', '200 without a body', 'empty', 'next'),
  row('empty-answer', 'an answer without content', 'empty-answer', 'next'),
  row('malformed', '200 with broken JSON', 'malformed', 'next'),
  row('html', '200 with a web page', 'html', 'next'),
  row('error-in-200', 'an error inside a 200', 'overloaded-error-event-at0', 'next'),
  row('thinking-cut', 'cut while it thinks, once', 'think-cut-atthink10-x1', 'same'),
  row('cut-once', 'cut in mid-answer, once', 'cut-x1', 'mended'),
  row('cut', 'cut in mid-answer, every time', 'cut', 'mended-next'),
  row('cut-reset', 'reset in mid-answer', 'cut-rst', 'mended-next'),
  row('cut-clean', 'the body ends in mid-answer', 'cut-clean', 'mended-next'),
  row('cut-no-prefill', 'cut, and nobody continues a prefill', 'cut-no-prefill', 'mended-next', {
    others: 'no-prefill',
  }),
  row('stall', 'stall in mid-answer', 'stall', 'mended-next'),
  row('error-event', 'an error in mid-answer', 'overloaded-error-event', 'mended-next'),
  row('broken-event', 'a broken event in mid-answer', 'broken-event-x1', 'mended'),
  row('no-end-marker', 'the end marker is missing', 'no-done', 'same'),
  row('cut-other-words', 'cut, and others word it differently', 'cut-then-no-prefill-cut-diverge1', 'error', {
    others: 'no-prefill-diverge2',
  }),
  row('tool-cut', 'cut inside a tool call', 'tool-cut-attool4', 'error', { tool: true }),
  row('context', '400 the request is too long', 'context', 'larger'),
  row('too-large', '413 the body is too large', 'too-large', 'next'),
  row('unsupported', '400 parameter refused, once', 'unsupported-x1', 'same'),
  row('policy', '400 refused by content policy', 'policy', 'policy'),
  row('invalid', '400 invalid request', 'invalid', 'error'),
];
