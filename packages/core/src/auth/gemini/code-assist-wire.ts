import { randomUUID } from 'node:crypto';

import { createSseDecoder } from '../../framing/sse.ts';
import type { StreamDecoder, WireClient } from '../../wires/wire.ts';
import { isRecord } from '../store/profile-json.ts';

/**
 * Google's protocol in the envelope of Code Assist, which is where a personal Google login is served
 * (github.com/google-gemini/gemini-cli, read 2026-11): the request lies below `request`, every answer below `response`.
 */
export function codeAssistWire(inner: WireClient): WireClient {
  return {
    ...inner,
    encode(request, target, mode) {
      const call = inner.encode(request, target, mode);
      const model = target.model.replace(/^\/*(?:models\/)?/, '');
      const body = `{"model":${JSON.stringify(model)},"user_prompt_id":"${randomUUID()}","request":${call.body}}`;
      return { ...call, body };
    },
    createDecoder: (target) => unwrapping(inner.createDecoder(target)),
    decodeWhole: (body, target) => inner.decodeWhole(unwrapped(body), target),
  };
}

/** The answer inside the envelope; anything else as it came. */
function unwrapped(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  return isRecord(value) && isRecord(value['response']) ? JSON.stringify(value['response']) : text;
}

function unwrapping(inner: StreamDecoder): StreamDecoder {
  const sse = createSseDecoder();
  let pieces: string[] = [];
  const onEvent = (data: string, event: string): void => {
    const name = event === '' ? '' : `event: ${event}\n`;
    const lines = unwrapped(data).split('\n');
    pieces.push(`${name}${lines.map((line) => `data: ${line}\n`).join('')}\n`);
  };
  const taken = (): Uint8Array => {
    const bytes = Buffer.from(pieces.join(''), 'utf8');
    pieces = [];
    return bytes;
  };
  return {
    get done() {
      return inner.done;
    },
    get complete() {
      return inner.complete;
    },
    get skipped() {
      return inner.skipped;
    },
    push(bytes) {
      sse.push(bytes, onEvent);
      return inner.push(taken());
    },
    end() {
      sse.end(onEvent);
      const last = inner.push(taken());
      return [...last, ...inner.end()];
    },
  };
}
