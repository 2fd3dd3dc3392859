import type { ErrorDetails } from '../spec/errors.ts';
import { isContent, isReasoning, type StreamEvent } from '../spec/event.ts';
import { emptyAnswer } from './answer-checks.ts';
import type { Lane } from './lane.ts';
import type { Frames } from './run-types.ts';

/** How far an attempt has come: thinking may still be thrown away, content may not. */
export type Stage = 'nothing' | 'reasoning' | 'content';

/** Holds events back in their lane; returns how far they bring it, or the failure that they themselves show. */
export function hold(
  lane: Lane,
  events: readonly StreamEvent[],
  frames: Frames | undefined,
  from: Stage,
): Stage | ErrorDetails {
  let reached = from;
  for (const event of events) {
    if (isContent(event)) reached = 'content';
    else if (isReasoning(event) && reached === 'nothing') reached = 'reasoning';
    else if (event.type === 'finish' && reached !== 'content') {
      const failure = emptyAnswer(event.reason);
      if (failure !== undefined) return failure;
      reached = 'content';
    }
    lane.held.push(event);
  }
  if (frames === undefined && events.length > 0) lane.heldFrames = undefined;
  else if (frames !== undefined) lane.heldFrames?.push(...frames.bytes);
  return reached;
}

/** What was held back and what came now, as one. */
export function withHeld(frames: Frames, held: readonly Uint8Array[]): Frames {
  return held.length === frames.bytes.length ? frames : { ...frames, bytes: held, plain: false };
}
