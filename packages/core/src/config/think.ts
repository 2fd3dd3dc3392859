import type { WireId } from '../spec/wire-id.ts';
import { resolveQuirks } from '../vendors/quirks.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { ConfigEntry } from './model.ts';

/** How `think` reaches the vendor of an entry; `none` when there is no known way. */
export function thinkStyle(entry: ConfigEntry, wire: WireId): Quirks['reasoningStyle'] {
  const { row, region, model } = entry;
  if (row === undefined) return 'none';
  const known = resolveQuirks(row, wire, region, model ?? '').reasoningStyle;
  if (known !== 'none') return known;
  // An endpoint that people bring themselves gets the field that compatible servers read (ZeroClaw custom-provider guide).
  return wire === 'openai-chat' && !row.keyRequired ? 'enable_thinking' : 'none';
}
