import type { HealthView } from './health.ts';

type Answers = Record<string, number | boolean>;

/** The health as a decision saw it: every question it puts is written down with its answer. */
export function noting(view: HealthView, answers: Answers): HealthView {
  return viewOf((name, args, ask) => (answers[nameOf(name, args)] = ask(view)));
}

/** The health as it was written down. `onMissing` hears of a question that the record has no answer to. */
export function remembered(answers: Readonly<Answers>, onMissing: (question: string) => void): HealthView {
  return viewOf((name, args, _ask, otherwise) => {
    const question = nameOf(name, args);
    const answer = answers[question];
    if (answer === undefined) onMissing(question);
    return answer ?? otherwise;
  });
}

const nameOf = (name: string, args: readonly unknown[]): string => `${name}(${args.join(', ')})`;

type Ask = (
  name: keyof HealthView,
  args: readonly unknown[],
  ask: (view: HealthView) => number | boolean,
  otherwise: number | boolean,
) => number | boolean;

function viewOf(ask: Ask): HealthView {
  const number = (...rest: Parameters<Ask>): number => Number(ask(...rest));
  const flag = (...rest: Parameters<Ask>): boolean => Boolean(ask(...rest));
  return {
    coolingUntil: (...args) => number('coolingUntil', args, (view) => view.coolingUntil(...args), 0),
    isBad: (...args) => flag('isBad', args, (view) => view.isBad(...args), false),
    isShut: (...args) => flag('isShut', args, (view) => view.isShut(...args), false),
    isSuspect: (...args) => flag('isSuspect', args, (view) => view.isSuspect(...args), false),
    mayRetry: (...args) => flag('mayRetry', args, (view) => view.mayRetry(...args), true),
    mayHedge: () => flag('mayHedge', [], (view) => view.mayHedge(), true),
  };
}
