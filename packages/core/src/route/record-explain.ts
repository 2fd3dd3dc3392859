import type { DecisionRecord, RequestRecord } from './record.ts';

/** One decision in words. */
export interface ExplainedDecision {
  /** Milliseconds since the request began. */
  readonly atMs: number;
  readonly kind: DecisionRecord['question']['kind'];
  /** What had happened. */
  readonly after: string;
  /** What it led to. */
  readonly then: string;
  /** The row of the walk's table. */
  readonly rule: string;
  /** What of the shared health spoke against somebody. */
  readonly health: readonly string[];
  /** The attempt that it began; absent: it gave up. */
  readonly attempt?: number;
}

export function explainDecision(decision: DecisionRecord, record: RequestRecord): ExplainedDecision {
  const { atMs, question, output, health } = decision;
  return {
    atMs,
    kind: question.kind,
    after: before(question, record),
    // oxlint-disable-next-line unicorn/no-thenable -- a word, not a function: nobody can await it
    then: after(output, record),
    rule: output.reason,
    health: Object.entries(health).flatMap(([asked, said]) => standsAgainst(asked, said, question.now)),
    attempt: output.type === 'attempt' ? output.state.attempts : undefined,
  };
}

function before(question: DecisionRecord['question'], record: RequestRecord): string {
  if (question.kind === 'first') return 'the request began';
  if (!('failure' in question)) return `${nameOf(record, question.state.target)} had said nothing yet`;
  const { error, target } = question.failure;
  const rule = error.rule === undefined ? '' : `, rule ${error.rule}`;
  const where = question.kind === 'rescue' ? ' in mid-answer' : '';
  return `${nameOf(record, target)} failed${where} (${error.kind}${error.status === undefined ? '' : ` ${error.status}`}${rule})`;
}

function after(output: DecisionRecord['output'], record: RequestRecord): string {
  if (output.type === 'give-up') {
    return output.retryAfterMs === undefined ? 'gave up' : `gave up; free again in ${seconds(output.retryAfterMs)}`;
  }
  const wait = output.waitMs > 0 ? `waited ${seconds(output.waitMs)}, then ` : '';
  const key = record.targets[output.target]?.keys[output.key];
  const named = key === undefined || key === 'none' ? '' : ` with key:${key}`;
  return `${wait}asked ${nameOf(record, output.target)}${named}${output.rescue === undefined ? '' : ` to mend it (${output.rescue})`}`;
}

/** Only what spoke against somebody is worth a line. */
function standsAgainst(asked: string, said: number | boolean, now: number): string[] {
  const of = asked
    .slice(asked.indexOf('(') + 1, -1)
    .split(', ')
    .slice(0, 3)
    .filter((part) => !/^\d+\.?\d*$/.test(part))
    .join(' ');
  if (asked.startsWith('coolingUntil') && typeof said === 'number' && said > now)
    return [`${of} cools for ${seconds(said - now)}`];
  if (asked.startsWith('isBad') && said === true) return [`${of} was refused before`];
  if (asked.startsWith('isShut') && said === true) return [`the breaker of ${of} is open`];
  if (asked.startsWith('isSuspect') && said === true) return [`${of} failed other requests too`];
  if (asked.startsWith('mayRetry') && said === false) return [`${of} has had its share of retries`];
  if (asked.startsWith('mayHedge') && said === false) return ['hedges have had their share'];
  return [];
}

function nameOf(record: RequestRecord, index: number): string {
  const target = record.targets[index];
  return target === undefined ? `target ${index + 1}` : `${target.entry} ${target.model}`;
}

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);
