import { isJsonObject, type JsonObject } from '@standin/core/spec/index';
import { collectEvents } from '@standin/core/stream/collect';
import type { DecodedRequest } from '@standin/core/wires/wire';
import { answerOf } from './answer-of.ts';
import { errorAnswer } from './errors.ts';
import type { Frame } from './frames.ts';
import { chunked, encode, errorPlace, FOREVER, ownHeaders, write } from './pieces.ts';
import type { Planned, PlanInput, PlanStep } from './plan-types.ts';

export function wholePlan(input: PlanInput, decoded: DecodedRequest): Planned {
  const { behaviour } = input;
  const { context, answer, events } = answerOf(input, decoded.request);
  const response = input.surface.server.encodeWhole(collectEvents(events), context);
  if (behaviour.fault === 'no-finish') withoutFinish(response);
  const body = encode(JSON.stringify(response));
  const contentType = behaviour.fault === 'wrong-type' ? (behaviour.contentType ?? 'text/plain') : 'application/json';
  const headers: Record<string, string> = { 'content-type': contentType, ...ownHeaders(input) };
  const sized = { ...headers, 'content-length': String(body.length) };
  const place = Math.min(body.length, behaviour.atBytes ?? placeInBody(body, answer.text, behaviour.atChars));
  const carried: Frame = {
    body: new Uint8Array(0),
    text: answer.text,
    reasoning: answer.reasoning,
    tool: answer.calls.map((call) => call.arguments).join(''),
    closing: true,
  };
  const planned = wholeFault(input, body, place, carried);
  const steps = planned?.steps ?? chunked([carried], body, behaviour);
  const first: PlanStep[] = behaviour.firstEventMs === undefined ? [] : [{ type: 'wait', ms: behaviour.firstEventMs }];
  return {
    outcome: planned?.outcome ?? 'answer',
    head: { status: 200, headers: planned?.unsized === true ? headers : sized },
    steps: [...first, ...steps],
    ending: planned?.ending ?? 'end',
  };
}

interface WholeFault extends Pick<Planned, 'outcome' | 'steps' | 'ending'> {
  /** Without `content-length`, so that the shortened body ends well. */
  readonly unsized?: boolean;
}

function wholeFault(input: PlanInput, body: Uint8Array, place: number, carried: Frame): WholeFault | undefined {
  const { behaviour } = input;
  const head: PlanStep = { type: 'write', bytes: body.subarray(0, place), frames: [] };
  switch (behaviour.fault) {
    case 'cut': {
      const how = behaviour.how ?? 'fin';
      return { outcome: 'cut', steps: [head], ending: how === 'clean' ? 'end' : how, unsized: how === 'clean' };
    }
    case 'stall': {
      const rest: PlanStep = { type: 'write', bytes: body.subarray(place), frames: [carried] };
      const steps: PlanStep[] = [head, { type: 'wait', ms: behaviour.stallMs ?? FOREVER }, rest];
      return { outcome: behaviour.stallMs === undefined ? 'stall' : 'answer', steps, ending: 'end' };
    }
    case 'broken-event':
      return { outcome: 'garbage', steps: [head], ending: 'end', unsized: true };
    case 'error-event': {
      const error = errorAnswer(behaviour.error ?? 'server', errorPlace(input));
      return { outcome: 'error', steps: [write(JSON.stringify(error.shape))], ending: 'end', unsized: true };
    }
    default:
      return undefined;
  }
}

/** The byte before which exactly so many characters of the text stand; half of the body when the text is not found. */
function placeInBody(body: Uint8Array, text: string, atChars: number | undefined): number {
  const json = JSON.stringify(text).slice(1, -1);
  const start = text === '' ? -1 : Buffer.from(body).indexOf(json);
  if (start === -1) return Math.floor(body.length / 2);
  const characters = Math.min(text.length, atChars ?? Math.floor(text.length / 2));
  return start + Buffer.byteLength(JSON.stringify(text.slice(0, characters)).slice(1, -1));
}

function withoutFinish(response: JsonObject): void {
  if ('stop_reason' in response) response['stop_reason'] = null;
  // Ollama's: an answer that is not done.
  if ('done_reason' in response) Object.assign(response, { done: false, done_reason: null });
  for (const list of [response['choices'], response['candidates']]) {
    if (!Array.isArray(list)) continue;
    for (const choice of list) {
      if (!isJsonObject(choice)) continue;
      for (const name of ['finish_reason', 'finishReason']) if (name in choice) choice[name] = null;
    }
  }
}
