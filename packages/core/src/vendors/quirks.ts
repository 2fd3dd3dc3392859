import type { WireId } from '../spec/wire-id.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../wires/quirks.ts';
import { globMatches } from './glob.ts';
import type { VendorRow } from './row.ts';

/** What an entry says about behaviour; it beats the table. */
export interface QuirkOverrides {
  readonly nativeTools?: boolean;
  readonly vision?: boolean;
  readonly mergeSystemIntoUser?: boolean;
  /** `false`: assistant reasoning is never sent back. */
  readonly replayReasoning?: boolean;
  readonly quirks?: Partial<Quirks>;
}

/** Defaults of a protocol that differ from `DEFAULT_QUIRKS`, which are those of chat completions. */
const WIRE_QUIRKS: Readonly<Partial<Record<WireId, Partial<Quirks>>>> = {
  'anthropic-messages': { toolCallIdFormat: 'word64' },
  'bedrock-converse': { toolCallIdFormat: 'word64' },
};

function overridden(user: QuirkOverrides): Partial<Quirks> {
  return {
    ...(user.nativeTools === undefined ? {} : { nativeTools: user.nativeTools }),
    ...(user.vision === undefined ? {} : { vision: user.vision }),
    ...(user.mergeSystemIntoUser === true ? { systemRole: 'merge' as const } : {}),
    ...(user.replayReasoning === false ? { reasoningReplay: 'none' as const } : {}),
    ...user.quirks,
  };
}

/** Wire default < vendor row < region < model rules in order < the entry's own words. Frozen and complete. */
export function resolveQuirks(
  row: VendorRow,
  wire: WireId,
  region: string | undefined,
  model: string,
  user: QuirkOverrides = {},
): Quirks {
  const place = region ?? row.defaultEndpoint;
  const rules = (row.modelRules ?? []).filter((rule) => globMatches(rule.match, model)).map((rule) => rule.quirks);
  const layers = [
    WIRE_QUIRKS[wire],
    row.quirks,
    place === undefined ? undefined : row.regions?.[place]?.quirks,
    ...rules,
  ];
  const merged: Quirks = Object.assign({}, DEFAULT_QUIRKS, ...layers, overridden(user)) as Quirks;
  // Rows describe their vendor's first protocol; a merged system turn is a chat-completions habit.
  if (wire === 'anthropic-messages' && user.mergeSystemIntoUser !== true)
    return Object.freeze({ ...merged, systemRole: 'system' });
  return Object.freeze(merged);
}
