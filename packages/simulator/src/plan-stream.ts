import type { CallerError, DecodedRequest, StreamEncoder, WireChunk } from '@standin/core/wires/wire';
import { answerOf } from './answer-of.ts';
import type { Behaviour } from './behaviour.ts';
import { brokenEvent } from './binary.ts';
import { errorAnswer } from './errors.ts';
import { encodeFrames, type Frame } from './frames.ts';
import { errorPlace, hang, pace, splitSteps, streamHeaders, upToByte, write } from './pieces.ts';
import type { Planned, PlanInput, PlanStep } from './plan-types.ts';

export function streamPlan(input: PlanInput, decoded: DecodedRequest): Planned {
  const { behaviour, surface } = input;
  const { context, events } = answerOf(input, decoded.request);
  const encoder = surface.server.createEncoder(context, decoded);
  const { frames, at } = encodeFrames(events, encoder, behaviour);
  const headers = streamHeaders(input);
  if (behaviour.fault === 'wrong-type') headers['content-type'] = behaviour.contentType ?? 'text/plain';
  const first: PlanStep[] = behaviour.firstEventMs === undefined ? [] : [hang(input, behaviour.firstEventMs, encoder)];
  const head = { status: 200, headers };
  const paced = (part: readonly Frame[]) => pace(part, input, encoder);
  const before = frames.slice(0, at);
  switch (behaviour.fault) {
    case 'cut': {
      const how = behaviour.how ?? 'fin';
      const steps = behaviour.atBytes === undefined ? paced(before) : upToByte(paced(frames), behaviour.atBytes);
      return { outcome: 'cut', head, steps: [...first, ...steps], ending: how === 'clean' ? 'end' : how };
    }
    case 'stall': {
      const still = hang(input, behaviour.stallMs, encoder);
      const steps =
        behaviour.atBytes === undefined
          ? [...paced(before), still, ...paced(frames.slice(at))]
          : splitSteps(paced(frames), behaviour.atBytes, still);
      return {
        outcome: behaviour.stallMs === undefined ? 'stall' : 'answer',
        head,
        steps: [...first, ...steps],
        ending: 'end',
      };
    }
    case 'error-event': {
      // Its own encoder has written the end already and would say no more.
      const error = inBandError(input, surface.server.createEncoder(context, decoded));
      return { outcome: 'error', head, steps: [...first, ...paced(before), write(error)], ending: 'end' };
    }
    case 'broken-event': {
      const broken = write(brokenEvent(input.surface.wire));
      return {
        outcome: 'garbage',
        head,
        steps: [...first, ...paced(before), broken, ...paced(frames.slice(at))],
        ending: 'end',
      };
    }
    default: {
      const sent = withoutMarker(frames, behaviour.fault);
      return {
        outcome: sent.length < frames.length ? 'cut' : 'answer',
        head,
        steps: [...first, ...paced(sent)],
        ending: 'end',
      };
    }
  }
}

/** The finish reason in any wire's spelling. */
const FINISH_REASON = /"(finish_reason|stop_reason|finishReason|stopReason|done_reason)":"|"interaction\.completed"/;

/** `no-done` leaves the terminal marker away, `no-finish` the finish reason. */
function withoutMarker(frames: readonly Frame[], fault: Behaviour['fault']): readonly Frame[] {
  if (fault === 'no-done') return frames.slice(0, -1);
  if (fault !== 'no-finish') return frames;
  return frames.filter((frame) => !(frame.closing && FINISH_REASON.test(Buffer.from(frame.body).toString('utf8'))));
}

function inBandError(input: PlanInput, encoder: StreamEncoder<WireChunk>): WireChunk {
  const { wire } = input.surface;
  const error = errorAnswer(
    input.behaviour.error ?? (wire === 'anthropic-messages' ? 'overloaded' : 'server'),
    errorPlace(input),
  );
  if (wire === 'anthropic-messages') return `event: error\ndata: ${JSON.stringify(error.shape)}\n\n`;
  if (wire === 'openai-responses') {
    return `event: error\ndata: ${JSON.stringify({ type: 'error', ...error.shape })}\n\n`;
  }
  if (wire === 'openai-chat') return `data: ${JSON.stringify(error.shape)}\n\n`;
  const { message } = error.shape;
  const caller: CallerError = {
    status: error.status,
    code: 'server_error',
    kind: 'server',
    message: typeof message === 'string' ? message : 'Internal error.',
  };
  return encoder.error(caller);
}
