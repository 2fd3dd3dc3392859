import type { Quirks } from '../wires/quirks.ts';
import { landed } from './decide.ts';
import { attempt, budgetLeft, freeKey, giveUp, isOpen, remainingMs } from './pick.ts';
import type { Target } from './target.ts';
import type { DecideContext, Decision, Failure, RescueMethod, WalkState } from './walk-state.ts';

/** What may mend a stream that broke after delivery began (`[reliability] rescue`). */
export type RescuePolicy = 'off' | 'verified' | 'continue';

/** What was delivered before the break, as far as it decides whether a splice is allowed. */
export interface DeliveredFacts {
  /** Characters of text the caller has. */
  readonly textLength: number;
  /** A tool call began: never spliced. */
  readonly toolCall: boolean;
  /** A thinking signature went out: it vouches for one answer of one model. */
  readonly signed: boolean;
  /** Something with no common form went out. */
  readonly opaque: boolean;
}

/** Kinds that say the answer was cut off, not that it must not be given. */
const MENDABLE: ReadonlySet<string> = new Set([
  'truncated',
  'timeout',
  'network',
  'server',
  'overloaded',
  'rate-limit',
  'quota',
  'protocol',
  'empty',
  'tls',
  'auth',
  'permission',
  'model-not-found',
  'request-too-large',
  'invalid-request',
  'unsupported',
  'config',
]);

/** Ways of mending tried for one request, at most. */
const MOST_RESCUES = 4;

/**
 * The rescue ladder: continue by prefill where the model accepts it, else ask again and compare, else (opt-in) tell
 * the next model to go on; the broken target first unless it fell silent or left the text, then those after it.
 * Giving up means an explicit error in the caller's protocol.
 */
export function decideRescue(
  context: DecideContext,
  walk: WalkState,
  failure: Failure,
  delivered: DeliveredFacts,
  policy: RescuePolicy,
  now: number,
): Decision {
  const state = landed(walk, failure);
  const { error } = failure;
  if (policy === 'off') return giveUp(state, 'rescue is off');
  if (delivered.toolCall) return giveUp(state, 'a tool call had begun: never spliced');
  if (delivered.signed) return giveUp(state, 'a thinking signature went out: never spliced');
  if (delivered.opaque) return giveUp(state, 'an item of one protocol went out: never spliced');
  if (!MENDABLE.has(error.kind)) return giveUp(state, `${error.kind}: not mended`);
  if (state.rescues.length >= MOST_RESCUES || budgetLeft(context.plan, state) <= 0)
    return giveUp(state, 'rescue budget used up');
  if (remainingMs(context.plan, state, now) <= 0) return giveUp(state, 'deadline');

  const silent = error.kind === 'timeout';
  const order = candidates(
    context,
    silent || failure.error.rule === 'diverged' ? { ...state, closed: [...state.closed, state.target] } : state,
  );
  for (const index of order) {
    const target = context.plan.targets[index];
    const reopened = { ...state, closed: state.closed.filter((closed) => closed !== index) };
    if (target === undefined || !isOpen(context, reopened, index)) continue;
    const key = freeKey(context, reopened, index, now);
    if (key < 0) continue;
    const method = methodsFor(target, policy).find((way) => !state.rescues.includes(`${index}:${way}`));
    if (method === undefined) continue;
    const next = { ...reopened, rescues: [...state.rescues, `${index}:${method}`] };
    return { ...attempt(next, index, key, 0, `${error.kind} after content: ${WORDS[method]}`), rescue: method };
  }
  return giveUp(state, 'no target left that could mend the answer');
}

const WORDS: Readonly<Record<RescueMethod, string>> = {
  prefill: 'continued by prefill',
  replay: 'asked again, compared with what was delivered',
  instructed: 'the next model was told to go on',
};

/** The broken target and those after it in the walk; a closed target only if it is the broken one. */
function candidates(context: DecideContext, state: WalkState): readonly number[] {
  const order: number[] = [];
  for (let index = state.target; index < context.plan.targets.length; index++) {
    if (!state.closed.includes(index)) order.push(index);
  }
  return order;
}

function methodsFor(target: Target, policy: RescuePolicy): readonly RescueMethod[] {
  const methods: RescueMethod[] = prefillOf(target) === 'none' ? ['replay'] : ['prefill', 'replay'];
  if (policy === 'continue') methods.push('instructed');
  return methods;
}

export function prefillOf(target: Target): Quirks['prefill'] {
  return 'endpoint' in target.via ? target.via.endpoint.quirksFor(target.model).prefill : 'none';
}
