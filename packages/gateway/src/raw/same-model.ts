import { isOwnModel, servesModel } from '@standin/core/catalog/attribute';
import type { Standin } from '@standin/core/library/standin-types';
import type { Plan, Target } from '@standin/core/route/target';
import { RequestError, type JsonObject, type WireId } from '@standin/core/spec/index';

/** Which vendors understand a call that is passed on as it came. */
export interface Spoken {
  readonly wires: readonly WireId[];
  /** In words, for an error: `OpenAI's embeddings`. */
  readonly what: string;
}

/**
 * The walk of a call that is no chat: targets that speak the caller's protocol, and all of one model. Vectors of two
 * models cannot be compared, so a spare is asked for the very model or not at all. Without a model the vendor chooses.
 * Throws `RequestError` when no target can be asked.
 */
export function sameModelPlan(
  standin: Standin,
  model: string | undefined,
  routing: JsonObject | undefined,
  spoken: Spoken,
): Plan {
  const asked = standin.plan({ model, routing });
  const plan = { ...asked, targets: asked.targets.map((target) => inProtocol(standin, target, spoken)) };
  const [wanted] = plan.targets;
  if (wanted === undefined) return plan;
  const first = speaks(wanted, spoken) ? wanted : elsewhere(standin, wanted.model, spoken);
  if (first === undefined) throw notSpoken(wanted, spoken);
  const { origin } = new URL(urlOf(first));
  const spares = plan.targets.filter((target) => {
    if (target === first || !speaks(target, spoken)) return false;
    if (target.entry === first.entry) return false;
    return target.model === first.model || (target.slot === first.slot && new URL(urlOf(target)).origin === origin);
  });
  const seen = new Set<string>();
  const targets = [first, ...spares]
    .filter(({ entry }) => !seen.has(entry) && seen.add(entry))
    .map((target) => ({ ...target, model: model === undefined ? '' : first.model }));
  return { ...plan, targets };
}

export function speaks(target: Target, { wires }: Spoken): boolean {
  return 'endpoint' in target.via && wires.includes(target.via.endpoint.wire.id);
}

/** The target by a protocol that the caller speaks, where its vendor has one. */
export function inProtocol(standin: Standin, target: Target, spoken: Spoken): Target {
  if (speaks(target, spoken)) return target;
  for (const wire of spoken.wires) {
    const endpoint = standin.router.endpointAs?.(target.entry, wire);
    if (endpoint !== undefined) return { ...target, via: { endpoint } };
  }
  return target;
}

function urlOf({ via }: Target): string {
  return 'endpoint' in via ? via.endpoint.urlFor('') : '';
}

/** The name led to a vendor of another protocol: an entry of this one, the model's own maker first. */
function elsewhere(standin: Standin, model: string, spoken: Spoken): Target | undefined {
  const found: Target[] = [];
  for (const { id } of standin.router.models()) {
    if (!/^[\w-]+\.[^/]+$/.test(id)) continue;
    const first = firstOf(standin, id);
    const target = first === undefined ? undefined : inProtocol(standin, first, spoken);
    if (target !== undefined && target.entry === id && speaks(target, spoken)) found.push(target);
  }
  const best = found.find(({ slot }) => isOwnModel(slot, model)) ?? found.find(({ slot }) => servesModel(slot, model));
  return best === undefined ? undefined : { ...best, model };
}

function firstOf(standin: Standin, entry: string): Target | undefined {
  try {
    return standin.plan({ model: entry }).targets[0];
  } catch {
    // An entry that cannot be used is no choice.
    return undefined;
  }
}

function notSpoken({ entry, model, via }: Target, { what }: Spoken): RequestError {
  const wire = 'endpoint' in via ? via.endpoint.wire.id : 'a protocol of its own';
  const message = `"${model}" leads to ${entry}, which speaks ${wire} and not ${what}; name an entry that does as "<type>.<alias>/<model>".`;
  return new RequestError(message, { code: 'model_not_supported', param: 'model' });
}
