import type { StreamEvent } from '@standin/core/spec/index';
import type { StreamEncoder, WireChunk } from '@standin/core/wires/wire';
import type { Behaviour } from './behaviour.ts';
import { splitAwsFrames } from './binary.ts';
import { wholeCharacters } from './text.ts';

/** One event on the wire and what it carries. */
export interface Frame {
  readonly body: Uint8Array;
  readonly text: string;
  readonly reasoning: string;
  readonly tool: string;
  /** Written for the `finish` event: the vendor's finish reason, usage and terminal marker. */
  readonly closing: boolean;
}

/**
 * Encodes the answer frame by frame. The delta in which the fault strikes is split, so that exactly the wanted number
 * of characters stands before it. `at` is the number of frames before that place.
 */
export function encodeFrames(
  events: readonly StreamEvent[],
  encoder: StreamEncoder<WireChunk>,
  behaviour: Behaviour,
): { frames: Frame[]; at: number } {
  const strike = strikePlace(events, behaviour);
  const { events: split, at: eventAt } = strike.unit === 'events' ? { events, at: 0 } : splitAt(events, strike);
  const frames: Frame[] = [];
  let at = strike.unit === 'events' ? strike.count : Number.POSITIVE_INFINITY;
  split.forEach((event, position) => {
    if (strike.unit !== 'events' && position === eventAt) at = frames.length;
    frames.push(...framesOf(event, encoder.encode(event)));
  });
  return { frames, at: Math.min(at, frames.length) };
}

function framesOf(event: StreamEvent, encoded: WireChunk): Frame[] {
  const carried = {
    text: event.type === 'text-delta' ? event.text : '',
    reasoning: event.type === 'reasoning-delta' ? event.text : '',
    tool: event.type === 'tool-call-delta' ? event.json : '',
  };
  const bodies = typeof encoded === 'string' ? splitText(encoded) : splitAwsFrames(encoded);
  const nothing = { text: '', reasoning: '', tool: '' };
  return bodies.map((body, i) => ({
    body,
    ...(i === bodies.length - 1 ? carried : nothing),
    closing: event.type === 'finish',
  }));
}

/** Server-sent events end in an empty line; other text framings are one piece per event. */
function splitText(encoded: string): Uint8Array[] {
  const pieces = encoded === '' ? [] : (encoded.match(/[\s\S]*?\n\n|[\s\S]+$/g) ?? []);
  return pieces.map((piece) => Buffer.from(piece, 'utf8'));
}

type Unit = 'text' | 'reasoning' | 'tool' | 'events';

const STRIKES: readonly Behaviour['fault'][] = ['cut', 'stall', 'error-event', 'broken-event'];

function strikePlace(events: readonly StreamEvent[], behaviour: Behaviour): { unit: Unit; count: number } {
  // Nothing strikes: no delta may be split.
  if (!STRIKES.includes(behaviour.fault) || behaviour.atBytes !== undefined)
    return { unit: 'events', count: Number.POSITIVE_INFINITY };
  if (behaviour.atEvents !== undefined) return { unit: 'events', count: behaviour.atEvents };
  if (behaviour.atChars !== undefined) return { unit: 'text', count: behaviour.atChars };
  if (behaviour.atReasoningChars !== undefined) return { unit: 'reasoning', count: behaviour.atReasoningChars };
  if (behaviour.atToolChars !== undefined) return { unit: 'tool', count: behaviour.atToolChars };
  const half = (unit: Unit) => Math.floor(events.reduce((sum, event) => sum + carries(event, unit).length, 0) / 2);
  const unit = (['text', 'tool', 'reasoning'] as const).find((candidate) => half(candidate) > 0) ?? 'text';
  return { unit, count: half(unit) };
}

function carries(event: StreamEvent, unit: Unit): string {
  if (event.type === 'text-delta' && unit === 'text') return event.text;
  if (event.type === 'reasoning-delta' && unit === 'reasoning') return event.text;
  return event.type === 'tool-call-delta' && unit === 'tool' ? event.json : '';
}

/** The place is the first delta that would go beyond the count, or the end of the answer's content. */
function splitAt(
  events: readonly StreamEvent[],
  strike: { unit: Unit; count: number },
): { events: readonly StreamEvent[]; at: number } {
  let seen = 0;
  for (const [position, event] of events.entries()) {
    const carried = carries(event, strike.unit);
    if (carried === '' || seen + carried.length <= strike.count) {
      seen += carried.length;
      continue;
    }
    const cut = wholeCharacters(carried, strike.count - seen);
    if (cut === 0) return { events, at: position };
    const [head, tail] = [withText(event, carried.slice(0, cut)), withText(event, carried.slice(cut))];
    return { events: [...events.slice(0, position), head, tail, ...events.slice(position + 1)], at: position + 1 };
  }
  const finish = events.findIndex((event) => event.type === 'finish');
  return { events, at: finish === -1 ? events.length : finish };
}

function withText(event: StreamEvent, text: string): StreamEvent {
  if (event.type === 'tool-call-delta') return { ...event, json: text };
  return event.type === 'text-delta' || event.type === 'reasoning-delta' ? { ...event, text } : event;
}
