import type { Standin } from '@standin/core/library/standin-types';
import type { HealthRow } from '@standin/core/route/health';
import type { Target } from '@standin/core/route/target';
import type { Clock } from '@standin/core/spec/clock';
import { targetId } from '../targets.ts';

const MOST_CHAINS = 20;
const MOST_NAMES = 60;
const MOST_TARGETS = 100;

export type TargetState = 'healthy' | 'probing' | 'cooling' | 'open' | 'bad';

/** From well to out: a target is as well as its best key. */
const ORDER: readonly TargetState[] = ['healthy', 'probing', 'cooling', 'open', 'bad'];

export interface Chain {
  readonly name: string;
  /** What to ask for to walk it. */
  readonly model: string;
  readonly targets: readonly string[];
}

interface Condition {
  readonly state: TargetState;
  /** Unix milliseconds. */
  readonly until: number | null;
  readonly reason: string | null;
}

export interface ShownTarget extends Condition {
  readonly id: string;
  readonly entry: string;
  readonly slot: string;
  readonly model: string;
  readonly keys: readonly (Condition & { readonly key: string })[];
  readonly open: number;
}

/** The walks of one config, read once. */
export interface Chains {
  readonly chains: readonly Chain[];
  readonly targets: readonly Target[];
}

export function chainsOf(standin: Standin): Chains {
  const chains: Chain[] = [];
  const targets = new Map<string, Target>();
  const seen = new Set<string>();
  const add = (name: string, model: string): void => {
    const walk = walkOf(standin, model);
    const ids = walk.map((target) => targetId(target.entry, target.model));
    const shape = ids.join('\n');
    if (ids.length === 0 || seen.has(shape) || chains.length >= MOST_CHAINS) return;
    seen.add(shape);
    chains.push({ name, model, targets: ids });
    for (const target of walk) {
      const id = targetId(target.entry, target.model);
      if (targets.size < MOST_TARGETS && !targets.has(id)) targets.set(id, target);
    }
  };
  add('default', '');
  for (const { id } of standin.router.models().slice(0, MOST_NAMES)) add(id, id);
  return { chains, targets: [...targets.values()] };
}

function walkOf(standin: Standin, model: string): readonly Target[] {
  try {
    return standin.plan(model === '' ? undefined : model).targets;
  } catch {
    // A name that yields no walk is no chain.
    return [];
  }
}

/** Each target with the state of its keys. `openOf`: calls under way there. */
export function shownTargets(
  standin: Standin,
  targets: readonly Target[],
  clock: Clock,
  openOf: (id: string) => number,
): readonly ShownTarget[] {
  const now = clock.now();
  const rows = new Map(standin.health.list(now).map((row) => [idOf(row.entry, row.fingerprint, row.model), row]));
  const wallOf = (at: number): number => Math.round((clock.wallMs() + at - now) / 100) * 100;
  return targets.map((target) => {
    const { entry, slot, model } = target;
    const id = targetId(entry, model);
    const keys = target.keys.map(({ fingerprint }) => {
      const own = conditionOf(rows.get(idOf(entry, fingerprint, model)), now, wallOf);
      const all = conditionOf(rows.get(idOf(entry, fingerprint, '*')), now, wallOf);
      return { key: fingerprint, ...(rank(all) > rank(own) ? all : own) };
    });
    const best = keys.toSorted((a, b) => rank(a) - rank(b))[0] ?? WELL;
    const { state, until, reason } = best;
    return { id, entry, slot, model, state, until, reason, keys, open: openOf(id) };
  });
}

const WELL: Condition = { state: 'healthy', until: null, reason: null };

function conditionOf(row: HealthRow | undefined, now: number, wallOf: (at: number) => number): Condition {
  if (row === undefined) return WELL;
  const reason = row.reason.slice(0, 300);
  if (row.bad) return { state: 'bad', until: null, reason };
  const isWaiting = row.coolingUntil > now;
  if (row.breaker === 'open') return { state: 'open', until: isWaiting ? wallOf(row.coolingUntil) : null, reason };
  if (row.breaker !== 'closed') return { state: 'probing', until: null, reason };
  return isWaiting ? { state: 'cooling', until: wallOf(row.coolingUntil), reason } : WELL;
}

function rank({ state }: Condition): number {
  return ORDER.indexOf(state);
}

function idOf(entry: string, fingerprint: string, model: string): string {
  return `${entry}\n${fingerprint}\n${model}`;
}
