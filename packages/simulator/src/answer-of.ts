import type { ChatRequest } from '@standin/core/spec/index';
import type { AnswerContext } from '@standin/core/wires/wire';
import { answerEvents, composeAnswer, type AnswerFacts } from './answer.ts';
import type { PlanInput } from './plan-types.ts';

/** What the stand-in says to this request, as an answer and as events. */
export function answerOf(input: PlanInput, request: ChatRequest) {
  const { behaviour } = input;
  const model = behaviour.model ?? input.model;
  const createdAt = Math.floor(input.wallMs / 1000);
  const facts: AnswerFacts = {
    id: input.id,
    model,
    createdAt,
    seed: behaviour.seed ?? input.seed,
    wire: input.surface.wire,
    makeText: input.makeText,
  };
  const context: AnswerContext = { id: input.id, createdAt, model };
  const said =
    behaviour.fault === 'empty-answer' ? { ...behaviour, text: '', toolCalls: [], reasoning: false } : behaviour;
  const answer = composeAnswer(request, said, facts);
  return { context, answer, events: answerEvents(answer, said, facts) };
}
