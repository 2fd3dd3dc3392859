import type { ErrorDetails } from '../../src/spec/errors.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { LineCall } from './line-wire.ts';
import type { AnswerShape, TargetSpec } from './schedule.ts';

/** The answer a vendor means to give, and what the caller would have if all of it were delivered. */
export interface Meant {
  readonly events: readonly StreamEvent[];
  /** The whole text of the caller's answer once this call completed it. */
  readonly whole: string;
}

/** One step of a vendor's side of a call. */
export type Step =
  | { readonly do: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly do: 'data'; readonly bytes: Uint8Array }
  | { readonly do: 'end' }
  | { readonly do: 'error'; readonly code: string; readonly phase: 'connect' | 'headers' | 'content' };

export interface TimedStep {
  readonly afterMs: number;
  readonly step: Step;
}

const chars = (text: string): string[] => Array.from(text);

/** From so many delivered characters on an answer that repeats them is told apart from one that goes on. */
const TELLABLE = 16;

/** What the model says to this call: the schedule's text, its own variation of it, or a continuation. */
export function meantBy(spec: TargetSpec, shape: AnswerShape, call: LineCall, text: string, delivered: string): Meant {
  const own = varied(text, shape, spec.model);
  if (call.instructed !== undefined) {
    const rest = own.startsWith(call.instructed) ? own.slice(call.instructed.length) : ` – ${spec.model} goes on.`;
    const repeated = lastChars(call.instructed, 30);
    const overlap = shape.prefill === 'echo' && isTellable(repeated) ? repeated : '';
    return { events: eventsOf(shape, overlap + rest), whole: join(delivered, call.instructed, rest) };
  }
  if (call.prefill === undefined) return { events: eventsOf(shape, own), whole: own };
  return continued(spec, shape, call.prefill, own, delivered);
}

function continued(spec: TargetSpec, shape: AnswerShape, prefill: string, own: string, delivered: string): Meant {
  const fits = own.startsWith(prefill) && shape.prefill !== 'other';
  let rest = fits ? own.slice(prefill.length) : ` – as ${spec.model} would say it.`;
  if (shape.prefill === 'space-lost') rest = rest.trimStart();
  if (shape.prefill === 'nothing') rest = '';
  const mayEcho = spec.prefill === 'prefix-flag' || delivered.length >= TELLABLE;
  const mustEcho = spec.prefill === 'prefix-flag' && rest.trimStart().startsWith(prefill);
  const echo = (shape.prefill === 'echo' && mayEcho) || mustEcho ? prefill : '';
  return { events: eventsOf(shape, echo + rest), whole: join(delivered, prefill, rest) };
}

/** White space at the end of what was delivered is not sent along, and the model may or may not write it again. */
function join(delivered: string, sent: string, rest: string): string {
  const space = delivered.slice(sent.length);
  return rest.startsWith(space) ? sent + rest : delivered + rest;
}

function varied(text: string, { divergeAt }: AnswerShape, model: string): string {
  if (divergeAt === undefined) return text;
  const all = chars(text);
  return [...all.slice(0, divergeAt), `<${model}>`, ...all.slice(divergeAt)].join('');
}

/** A shorter repetition, or one of a text that repeats itself, cannot be told from more of it. */
const isTellable = (text: string): boolean =>
  text.length >= 20 && !chars(text).some((_, at) => at > 0 && at <= text.length / 2 && text.startsWith(text.slice(at)));

const lastChars = (text: string, length: number): string => chars(text).slice(-length).join('');

function eventsOf(shape: AnswerShape, text: string): StreamEvent[] {
  const events: StreamEvent[] = [{ type: 'response-start', id: 'r', model: 'm' }];
  let index = 0;
  if (shape.reasoning !== undefined) {
    events.push({ type: 'reasoning-start', index }, { type: 'reasoning-delta', index, text: 'hm' });
    events.push({ type: 'reasoning-delta', index, text: ' so' });
    events.push({ type: 'reasoning-end', index, ...(shape.reasoning === 'signed' ? { signature: 's' } : {}) });
    index++;
  }
  if (shape.empty !== true && text !== '') {
    const all = chars(text);
    const half = shape.blocks === 2 && all.length > 1 ? all.length >> 1 : all.length;
    for (const part of [all.slice(0, half), all.slice(half)]) {
      if (part.length === 0) continue;
      events.push({ type: 'text-start', index });
      for (let at = 0; at < part.length; at += 3) {
        events.push({ type: 'text-delta', index, text: part.slice(at, at + 3).join('') });
      }
      events.push({ type: 'text-end', index });
      index++;
    }
  }
  if (shape.tool) {
    events.push({ type: 'tool-call-start', index, id: 'c', name: 't' });
    events.push({ type: 'tool-call-delta', index, json: '{"a":' }, { type: 'tool-call-delta', index, json: '1}' });
    events.push({ type: 'tool-call-end', index, id: 'c', name: 't', arguments: '{"a":1}' });
  }
  const reason = shape.end === 'finish-error' ? 'error' : shape.finish;
  events.push({ type: 'finish', reason, usage: { outputTokens: text.length } });
  return events;
}

const encoder = new TextEncoder();
const encode = (value: unknown): Uint8Array => encoder.encode(`${JSON.stringify(value)}\n`);

/** The bytes of an answer in time, up to where its fault strikes. */
export function stepsOf(shape: AnswerShape, meant: Meant, mode: 'stream' | 'whole', chance: () => number): TimedStep[] {
  const steps: TimedStep[] = [
    { afterMs: shape.headMs, step: { do: 'head', status: 200, headers: { 'x-request-id': 'v' } } },
  ];
  const { end } = shape;
  const complete = end === 'ok' || end === 'finish-error' || end === 'hangs-open';
  const count = complete ? meant.events.length : Math.floor(shape.at * meant.events.length);
  const lines = meant.events
    .slice(0, count)
    .filter((event) => end !== 'no-finish' || event.type !== 'finish')
    .map(encode);
  if (end === 'garbage') lines.push(encoder.encode('{"type":"text-de\n'));
  if (end === 'error-event') lines.push(encode({ error: inBand(shape) }));
  if (end === 'ok' || end === 'no-finish') lines.push(encode('end'));
  const perChunk = mode === 'whole' ? lines.length : shape.perChunk;
  const gapMs = mode === 'whole' ? 1 : shape.gapMs;
  for (let at = 0; at < lines.length; at += Math.max(1, perChunk)) {
    const bytes = Buffer.concat(lines.slice(at, at + Math.max(1, perChunk)));
    const cut = shape.ragged ? Math.floor(chance() * bytes.length) : 0;
    if (cut > 0) steps.push({ afterMs: gapMs, step: { do: 'data', bytes: bytes.subarray(0, cut) } });
    steps.push({ afterMs: gapMs, step: { do: 'data', bytes: bytes.subarray(cut) } });
  }
  if (end === 'stall' || (end === 'hangs-open' && mode === 'stream')) return steps;
  const cut = end === 'cut' || (end === 'error-event' && chance() < 0.5);
  steps.push({ afterMs: gapMs, step: cut ? { do: 'error', code: 'BODY_CUT', phase: 'content' } : { do: 'end' } });
  return steps;
}

function inBand({ inBand: kind }: AnswerShape): ErrorDetails {
  return { kind, message: 'an error inside the answer', status: 500 };
}
