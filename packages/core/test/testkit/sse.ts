export interface SseEnvelope {
  /** Line end, default LF. */
  readonly lineEnd?: '\n' | '\r\n' | '\r';
  /** Put `[DONE]` at the end, default true. */
  readonly done?: boolean;
  /** `event:` name of each payload. */
  readonly eventName?: (payload: string) => string | undefined;
  /** Comment line before every event. */
  readonly comment?: string;
  readonly bom?: boolean;
}

/** Payloads, as text or as objects, in an event stream's envelope. */
export function sseBytes(payloads: readonly unknown[], envelope: SseEnvelope = {}): Uint8Array {
  const end = envelope.lineEnd ?? '\n';
  let text = envelope.bom === true ? '\uFEFF' : '';
  for (const payload of payloads) {
    const data = typeof payload === 'string' ? payload : JSON.stringify(payload);
    if (envelope.comment !== undefined) text += `: ${envelope.comment}${end}${end}`;
    const name = envelope.eventName?.(data);
    if (name !== undefined) text += `event: ${name}${end}`;
    text += `data: ${data}${end}${end}`;
  }
  if (envelope.done !== false) text += `data: [DONE]${end}${end}`;
  return Buffer.from(text);
}
