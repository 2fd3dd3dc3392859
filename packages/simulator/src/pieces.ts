import type { StreamEncoder, WireChunk } from '@standin/core/wires/wire';
import type { Behaviour } from './behaviour.ts';
import type { ErrorPlace } from './errors.ts';
import type { Frame } from './frames.ts';
import type { PlanInput, PlanStep } from './plan-types.ts';
import { seededRandom, seedOf } from './random.ts';

export const FOREVER = Number.POSITIVE_INFINITY;
export const encode = (text: string): Uint8Array => Buffer.from(text, 'utf8');
export const write = (chunk: WireChunk, frames: readonly Frame[] = []): PlanStep => ({
  type: 'write',
  bytes: typeof chunk === 'string' ? encode(chunk) : chunk,
  frames,
});

export const errorPlace = ({ surface, requestId, wallMs }: PlanInput): ErrorPlace => ({
  wire: surface.wire,
  requestId,
  wallMs,
});

export function ownHeaders(input: PlanInput): Record<string, string> {
  const name = input.surface.wire === 'anthropic-messages' ? 'request-id' : 'x-request-id';
  return { [name]: input.requestId, ...input.behaviour.headers };
}

export const streamHeaders = (input: PlanInput): Record<string, string> => ({
  'content-type': input.surface.server.streamContentType,
  'cache-control': 'no-cache',
  ...ownHeaders(input),
});

export function hang(input: PlanInput, ms = FOREVER, encoder?: StreamEncoder<WireChunk>): PlanStep {
  const pings = input.behaviour.pingMs !== undefined && input.stream;
  return {
    type: 'wait',
    ms,
    ...(pings ? { ping: encoder?.ping() || ': keep-alive\n\n', pingMs: input.behaviour.pingMs } : {}),
  };
}

/** Frames as writes, with the behaviour's waits between events and its sizes of writes. */
export function pace(frames: readonly Frame[], input: PlanInput, encoder: StreamEncoder<WireChunk>): PlanStep[] {
  const { behaviour } = input;
  const perWrite = Math.max(1, behaviour.eventsPerWrite ?? 1);
  if (behaviour.eventMs === undefined) {
    if (behaviour.bytesPerWrite !== undefined || behaviour.randomCuts !== undefined) {
      return chunked(frames, Buffer.concat(frames.map((frame) => frame.body)), behaviour);
    }
  }
  const steps: PlanStep[] = [];
  for (let i = 0; i < frames.length; i += perWrite) {
    const group = frames.slice(i, i + perWrite);
    if (behaviour.eventMs !== undefined && i > 0) steps.push(hang(input, behaviour.eventMs, encoder));
    steps.push(...chunked(group, Buffer.concat(group.map((frame) => frame.body)), behaviour));
  }
  return steps;
}

/** One body in writes of the wanted sizes; the frames count as sent with the last of them. */
export function chunked(frames: readonly Frame[], body: Uint8Array, behaviour: Behaviour): PlanStep[] {
  const random =
    behaviour.randomCuts === undefined ? undefined : seededRandom(seedOf(behaviour.randomCuts, body.length));
  const size = () => (random === undefined ? (behaviour.bytesPerWrite ?? body.length) : 1 + Math.floor(random() * 40));
  const steps: PlanStep[] = [];
  for (let at = 0; at < body.length;) {
    const end = Math.min(body.length, at + Math.max(1, size()));
    steps.push({ type: 'write', bytes: body.subarray(at, end), frames: end === body.length ? frames : [] });
    at = end;
  }
  return steps;
}

export function upToByte(steps: readonly PlanStep[], bytes: number): PlanStep[] {
  const marker: PlanStep = { type: 'wait', ms: 0 };
  const all = splitSteps(steps, bytes, marker);
  return all.slice(0, all.indexOf(marker));
}

/** Puts `between` after exactly so many bytes, or at the end. */
export function splitSteps(steps: readonly PlanStep[], bytes: number, between: PlanStep): PlanStep[] {
  let left = bytes;
  for (const [position, step] of steps.entries()) {
    if (step.type !== 'write') continue;
    if (step.bytes.length > left) {
      const head: PlanStep = { type: 'write', bytes: step.bytes.subarray(0, left), frames: [] };
      const tail: PlanStep = { ...step, bytes: step.bytes.subarray(left) };
      return [...steps.slice(0, position), ...(left > 0 ? [head] : []), between, tail, ...steps.slice(position + 1)];
    }
    left -= step.bytes.length;
  }
  return [...steps, between];
}
