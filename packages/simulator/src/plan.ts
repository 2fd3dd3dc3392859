import { RequestError, type ChatRequest } from '@standin/core/spec/index';
import { prefillOf } from './answer.ts';
import type { Behaviour } from './behaviour.ts';
import { errorAnswer } from './errors.ts';
import { encode, errorPlace, hang, ownHeaders, streamHeaders, write } from './pieces.ts';
import { streamPlan } from './plan-stream.ts';
import type { Planned, PlanInput, ResponsePlan } from './plan-types.ts';
import { wholePlan } from './plan-whole.ts';

/** Never throws: a request that is not the wire's becomes its 400. */
export function planResponse(input: PlanInput): ResponsePlan {
  const { behaviour } = input;
  const base = { headersMs: behaviour.headersMs ?? 0, steps: [], separateWrites: writesAreSeparate(behaviour) };
  switch (behaviour.fault) {
    case 'reset':
      return { ...base, outcome: 'reset', ending: 'rst' };
    case 'close':
      return { ...base, outcome: 'close', ending: 'fin' };
    case 'silent':
      return { ...base, outcome: 'silent', ending: 'hang' };
    default:
  }
  if (behaviour.error !== undefined && behaviour.fault !== 'error-event') return errorPlan(input, behaviour.error);
  try {
    const decoded = input.surface.server.decodeRequest(input.body);
    const refusal = prefillRefusal(input, decoded.request);
    if (refusal !== undefined) return errorPlan(input, refusal);
    const whole = !input.stream;
    const planned = garbagePlan(input) ?? (whole ? wholePlan(input, decoded) : streamPlan(input, decoded));
    return { ...base, ...planned };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return errorPlan(input, {
      name: 'invalid',
      message: error.message,
      param: error.param,
      code: error.code,
      status: error.status,
    });
  }
}

function writesAreSeparate(behaviour: Behaviour): boolean {
  return (
    behaviour.bytesPerWrite !== undefined ||
    behaviour.eventsPerWrite !== undefined ||
    behaviour.randomCuts !== undefined
  );
}

function errorPlan(input: PlanInput, error: NonNullable<Behaviour['error']>): ResponsePlan {
  const answer = errorAnswer(error, errorPlace(input));
  const body = encode(answer.body);
  const headers = { ...ownHeaders(input), 'content-length': String(body.length), ...answer.headers };
  return {
    outcome: 'error',
    headersMs: input.behaviour.headersMs ?? 0,
    head: { status: answer.status, headers },
    steps: [{ type: 'write', bytes: body, frames: [] }],
    ending: 'end',
    separateWrites: false,
  };
}

/** Anthropic also rejects a prefill that ends in white space (Messages API reference, read 2026-11). */
function prefillRefusal(input: PlanInput, request: ChatRequest): Behaviour['error'] | undefined {
  const prefill = prefillOf(request);
  if (prefill === undefined) return undefined;
  if (input.behaviour.prefill === 'refuse') return 'prefill';
  if (input.surface.wire === 'anthropic-messages' && /\s$/.test(prefill)) {
    return { name: 'invalid', message: 'messages: final assistant content cannot end with trailing whitespace' };
  }
  return undefined;
}

const PAGE = '<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n';

/** Answers that are no answer at all, whatever was asked. */
function garbagePlan(input: PlanInput): Planned | undefined {
  const { behaviour, stream } = input;
  const headers = stream ? streamHeaders(input) : { 'content-type': 'application/json', ...ownHeaders(input) };
  const done = { outcome: 'garbage', ending: 'end' } as const;
  switch (behaviour.fault) {
    case 'headers-silent':
      return { outcome: 'silent', head: { status: 200, headers }, steps: [hang(input)], ending: 'hang' };
    case 'empty':
      return { ...done, head: { status: 200, headers }, steps: [] };
    case 'malformed':
      return {
        ...done,
        head: { status: 200, headers },
        steps: [write(stream ? 'data: {"id": "x", "cho\n\n' : '{"id": "x", "cho')],
      };
    case 'html':
      return {
        ...done,
        head: { status: 200, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' } },
        steps: [write(PAGE)],
      };
    default:
      return undefined;
  }
}
