import { ProviderError, type ErrorDetails } from '../../src/spec/errors.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import type { StreamDecoder, WireClient } from '../../src/wires/wire.ts';

/** What a simulated vendor reads of a request. */
export interface LineCall {
  /** Which of the schedule's requests this is. */
  readonly request: number;
  readonly model: string;
  readonly mode: 'stream' | 'whole';
  readonly temperature?: number;
  /** The answer so far, to be continued. */
  readonly prefill?: string;
  readonly instructed?: string;
}

export const END_LINE = '"end"';

type Line = StreamEvent | { readonly error: ErrorDetails } | 'end';

function parse(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    throw new ProviderError({ kind: 'protocol', message: 'a line that is no JSON' });
  }
}

class LineDecoder implements StreamDecoder {
  done = false;
  complete = false;
  skipped = 0;
  #rest: Buffer = Buffer.alloc(0);
  #before: StreamEvent[] = [];

  push(bytes: Uint8Array): StreamEvent[] {
    const events = this.#before;
    this.#before = [];
    let rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      const text = rest.subarray(0, at).toString('utf8');
      rest = rest.subarray(at + 1);
      this.#rest = rest;
      try {
        this.#take(parse(text), events);
      } catch (error) {
        // As the real decoders do: what stood before the broken line is still handed out.
        this.#before = events;
        throw error;
      }
    }
    this.#rest = rest;
    return events;
  }

  #take(line: Line, events: StreamEvent[]): void {
    if (line === 'end') this.done = true;
    else if ('error' in line) throw new ProviderError(line.error);
    else {
      if (line.type === 'finish') this.complete = true;
      events.push(line);
    }
  }

  end(): StreamEvent[] {
    if (!this.complete) throw new ProviderError({ kind: 'truncated', message: 'the body ended before the answer' });
    this.done = true;
    return [];
  }
}

/** A wire of one JSON event per line, so that the simulation depends on no real protocol. `onEncode` may throw. */
export function createLineWire(onEncode: (call: LineCall) => void): WireClient {
  return {
    id: 'openai-chat',
    encode(request, target, mode) {
      const call = lineCall(request, target.model, mode);
      onEncode(call);
      return { method: 'POST', path: '/chat', headers: {}, body: JSON.stringify(call), lost: [] };
    },
    createDecoder: () => new LineDecoder(),
    decodeWhole(body) {
      const lines = body.split('\n').filter((line) => line !== '');
      const events: StreamEvent[] = [];
      for (const text of lines) {
        const line = parse(text);
        if (line === 'end') continue;
        if ('error' in line) throw new ProviderError(line.error);
        events.push(line);
      }
      if (events.at(-1)?.type !== 'finish') {
        throw new ProviderError({ kind: lines.length === 0 ? 'empty' : 'truncated', message: 'no whole answer' });
      }
      return events;
    },
    readError: (status, body) => ({ status, message: body, body: JSON.parse(body) as unknown }),
  };
}

export function lineCall(request: ChatRequest, model: string, mode: 'stream' | 'whole'): LineCall {
  const texts = request.messages.map(({ role, content }) => ({
    role,
    text: typeof content === 'string' ? content : '',
  }));
  const last = texts.at(-1);
  const before = texts.at(-2);
  return {
    request: Number(texts[0]?.text),
    model,
    mode,
    temperature: request.temperature,
    prefill: last?.role === 'assistant' ? last.text : undefined,
    instructed: last?.role === 'user' && before?.role === 'assistant' ? before.text : undefined,
  };
}
