import type { Plan, Target } from '@standin/core/route/target';
import { RequestError } from '@standin/core/spec/index';

/** Where something lies that a caller may name by its id: an answer, a conversation, a file. */
export interface Pin {
  /** `<type>.<alias>` of the entry that gave it. */
  readonly entry: string;
  readonly model: string;
  /** Fingerprint of the key: another may belong to another account. */
  readonly key: string | undefined;
  /** Id of the virtual key it was given to; another caller does not learn that it exists. */
  readonly caller: string | undefined;
  /** False: the vendor was asked not to keep it, or keeps none. */
  readonly isStored: boolean;
  /** A file: named in the messages of any protocol. */
  readonly isFile?: boolean;
}

export interface Pins {
  keep(id: string, pin: Pin): void;
  find(id: string): Pin | undefined;
  forget(id: string): void;
  /** Nothing was ever kept: requests need not be looked through. */
  readonly isEmpty: boolean;
  /** A file was kept: messages are looked through for such. */
  readonly holdsFiles: boolean;
}

const MOST = 50_000;
const LONGEST_ID = 512;

/** The newest ids of this process. What it has forgotten, or another process gave, is looked for at each vendor in turn. */
export function createPins(most = MOST): Pins {
  const pins = new Map<string, Pin>();
  let holdsFiles = false;
  return {
    keep(id, pin) {
      if (id.length > LONGEST_ID) return;
      if (pin.isFile === true) holdsFiles = true;
      pins.delete(id);
      pins.set(id, pin);
      if (pins.size <= most) return;
      const [oldest] = pins.keys();
      if (oldest !== undefined) pins.delete(oldest);
    },
    find: (id) => pins.get(id),
    forget: (id) => void pins.delete(id),
    get holdsFiles() {
      return holdsFiles;
    },
    get isEmpty() {
      return pins.size === 0;
    },
  };
}

/** What a request names. */
export interface Named {
  readonly id: string;
  /** The field that names it. */
  readonly param: string;
}

/** The pins of what a request names. Throws `RequestError` for what is another caller's, was not kept, or lies apart. */
export function pinOf(pins: Pins, named: readonly Named[], caller: string | undefined): Pin | undefined {
  let found: Pin | undefined;
  for (const { id, param } of named) {
    const pin = pins.find(id);
    if (pin === undefined) continue;
    if (pin.caller !== caller) throw notFound(id, param);
    if (!pin.isStored) throw notKept(id, param, pin);
    if (found !== undefined && (found.entry !== pin.entry || found.key !== pin.key)) throw apart(param, found, pin);
    found = pin;
  }
  return found;
}

/**
 * The walk of a request that goes on from what lies at one entry: that entry alone, with the key that has it. Throws
 * `RequestError` when the model that was asked for leads to other entries only.
 */
export function pinned(plan: Plan, pin: Pin, param: string): Plan {
  const found = plan.targets.filter(({ entry }) => entry === pin.entry);
  const [first] = found;
  if (first === undefined) {
    const message = `${param} names what lies at ${pin.entry}, and "${plan.requestedModel}" does not lead there: ask for "${pin.entry}/${pin.model}", or send the whole conversation instead.`;
    throw new RequestError(message, { code: 'stored_elsewhere', param });
  }
  return { ...plan, targets: [withKey(first, pin)] };
}

/** A key that is gone since leaves the entry's others: its vendor knows whether they are of one account. */
export function withKey(target: Target, { key }: Pin): Target {
  const keys = target.keys.filter(({ fingerprint }) => fingerprint === key);
  return keys.length === 0 ? target : { ...target, keys };
}

export function notFound(id: string, param: string): RequestError {
  const message = `Nothing with the id "${id.slice(0, 100)}" is found for this caller.`;
  return new RequestError(message, { status: 404, code: 'not_found', param });
}

function notKept(id: string, param: string, { entry }: Pin): RequestError {
  const message = `The answer "${id.slice(0, 100)}" came from ${entry}, where it was not kept: only vendors of the Responses protocol keep answers, and not with store: false. Leave ${param} out and send the whole conversation as input.`;
  return new RequestError(message, { code: 'previous_response_not_found', param });
}

function apart(param: string, one: Pin, other: Pin): RequestError {
  const message = `${param} names what lies at ${other.entry}, and the request names something at ${one.entry} too: both must lie with one account.`;
  return new RequestError(message, { code: 'stored_elsewhere', param });
}
