import { z } from 'zod';
import type { Target } from '@standin/core/route/target';
import { text } from './schemas.ts';

export const PLAN_TARGET = z.strictObject({
  id: text,
  entry: text,
  slot: text,
  model: text,
  wire: text.nullable(),
  keys: z.array(text),
  contextWindow: z.number().nullable(),
});

/** A target's name in pictures of the chain: an entry may stand in it with several models. */
export function targetId(entry: string, model: string): string {
  return model === '' ? entry : `${entry}/${model}`;
}

export function describeTarget(target: Target): z.output<typeof PLAN_TARGET> {
  const { entry, slot, model, keys, via, contextWindow } = target;
  return {
    id: targetId(entry, model),
    entry,
    slot,
    model,
    wire: ('endpoint' in via ? via.endpoint.wire?.id : undefined) ?? null,
    keys: keys.map(({ fingerprint }) => fingerprint),
    contextWindow: contextWindow ?? null,
  };
}
