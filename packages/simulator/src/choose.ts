import type { Clock, WireId } from '@standin/core/spec/index';
import type { Behaviour, Rule, RuleMatch, Script } from './behaviour.ts';
import { parseShortForm, stagesOfModel, type Stage } from './short-form.ts';
import { matchesPattern } from './text.ts';

/** What rules can look at. */
export interface RequestFacts {
  readonly key: string | undefined;
  readonly model: string | undefined;
  readonly wire: WireId;
  readonly path: string;
  readonly stream: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Choice {
  readonly behaviour: Behaviour;
  /** Where it came from: `rules[2]`, `keys`, `models`, `model name`, `default`. */
  readonly chosenBy: string;
}

export interface Chooser {
  choose(facts: RequestFacts): Choice;
  /** One more rule, before all others; their counters go on. Throws like `createChooser`. */
  putFirst(rule: Rule): void;
}

interface StageState {
  index: number;
  used: number;
  startedAt: number | undefined;
}

interface CompiledRule {
  readonly name: string;
  readonly startedAt: number;
  readonly rule: Rule;
  readonly stages: readonly Stage[];
  readonly seen: Map<string, number>;
  readonly taken: Map<string, number>;
  readonly states: Map<string, StageState>;
}

/** Holds a script and its counters. Throws `Error` for a short form that it does not know. */
export function createChooser(script: Script, clock: Clock): Chooser {
  const modelStates = new Map<string, StageState>();
  const rules = (script.rules ?? []).map((rule, position) => compile(rule, `rules[${position}]`, clock));

  const applies = (compiled: CompiledRule, facts: RequestFacts): boolean => {
    const { rule } = compiled;
    if (!fits(rule.match ?? {}, facts, clock.now() - compiled.startedAt)) return false;
    const scope = rule.per === undefined ? '' : (facts[rule.per] ?? '');
    const nth = add(compiled.seen, scope);
    const { nth: wanted } = rule.match ?? {};
    if (wanted !== undefined && !(typeof wanted === 'number' ? wanted === nth : wanted.includes(nth))) return false;
    if (rule.times !== undefined && (compiled.taken.get(scope) ?? 0) >= rule.times) return false;
    add(compiled.taken, scope);
    return true;
  };

  const choose = (facts: RequestFacts): Choice => {
    for (const compiled of rules) {
      if (!applies(compiled, facts)) continue;
      const behaviour = stageFor(compiled.stages, compiled.states, '', facts, clock);
      if (behaviour !== undefined) return { behaviour, chosenBy: compiled.name };
    }
    if (script.keys !== undefined && (facts.key === undefined || !script.keys.includes(facts.key))) {
      return { behaviour: { error: 'auth' }, chosenBy: 'keys' };
    }
    if (script.onlyListedModels === true && !(script.models ?? []).includes(facts.model ?? '')) {
      return { behaviour: { error: 'model' }, chosenBy: 'models' };
    }
    return byModelName(facts) ?? { behaviour: {}, chosenBy: 'default' };
  };

  const byModelName = (facts: RequestFacts): Choice | undefined => {
    try {
      const stages = stagesOfModel(facts.model ?? '');
      if (stages === undefined) return undefined;
      const behaviour = stageFor(stages, modelStates, facts.model ?? '', facts, clock) ?? {};
      return { behaviour, chosenBy: 'model name' };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { behaviour: { error: { name: 'invalid', message, param: 'model' } }, chosenBy: 'model name' };
    }
  };

  return {
    putFirst: (rule) => void rules.unshift(compile(rule, 'added rule', clock)),
    choose: (facts) => {
      const { behaviour, chosenBy } = choose(facts);
      return { behaviour: { ...script.defaults, ...behaviour }, chosenBy };
    },
  };
}

function compile(rule: Rule, name: string, clock: Clock): CompiledRule {
  return {
    name,
    startedAt: clock.now(),
    rule,
    stages: typeof rule.behaviour === 'string' ? parseShortForm(rule.behaviour) : [{ behaviour: rule.behaviour }],
    seen: new Map(),
    taken: new Map(),
    states: new Map(),
  };
}

function add(counts: Map<string, number>, scope: string): number {
  const next = (counts.get(scope) ?? 0) + 1;
  counts.set(scope, next);
  return next;
}

function fits(match: RuleMatch, facts: RequestFacts, elapsedMs: number): boolean {
  const pattern = (wanted: string | undefined, value: string | undefined) =>
    wanted === undefined || (value !== undefined && matchesPattern(wanted, value));
  return (
    pattern(match.key, facts.key) &&
    pattern(match.model, facts.model) &&
    pattern(match.path, facts.path) &&
    (match.wire === undefined || match.wire === facts.wire) &&
    (match.stream === undefined || match.stream === facts.stream) &&
    Object.entries(match.headers ?? {}).every(([name, wanted]) => pattern(wanted, facts.headers[name.toLowerCase()])) &&
    elapsedMs >= (match.fromMs ?? 0) &&
    elapsedMs < (match.untilMs ?? Number.POSITIVE_INFINITY)
  );
}

/** The stage whose turn it is, and counts this request to it; none when all are used up. */
function stageFor(
  stages: readonly Stage[],
  states: Map<string, StageState>,
  name: string,
  facts: RequestFacts,
  clock: Clock,
): Behaviour | undefined {
  const scope = stages.some((stage) => stage.perKey === true) ? `${name}\n${facts.key ?? ''}` : name;
  const state: StageState = states.get(scope) ?? { index: 0, used: 0, startedAt: undefined };
  states.set(scope, state);
  for (; state.index < stages.length; state.index++, state.used = 0, state.startedAt = undefined) {
    const stage = stages[state.index];
    if (stage === undefined) break;
    state.startedAt ??= clock.now();
    const over = stage.forMs !== undefined && clock.now() - state.startedAt >= stage.forMs;
    if (over || (stage.times !== undefined && state.used >= stage.times)) continue;
    state.used++;
    return stage.behaviour;
  }
  return undefined;
}
