import type { WireId } from '../spec/wire-id.ts';
import { resolveQuirks } from '../vendors/quirks.ts';
import { thinks as cohereThinks } from '../wires/cohere-chat/facts.ts';
import { thinkingTraits } from '../wires/google-thinking.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { ConfigEntry } from './model.ts';

/** How `think` reaches the vendor of an entry; `none` when there is no known way. */
export function thinkStyle(entry: ConfigEntry, wire: WireId): Quirks['reasoningStyle'] {
  const { row, region, model } = entry;
  if (row === undefined) return 'none';
  const known = resolveQuirks(row, wire, region, model ?? '').reasoningStyle;
  // These wires know their models' switches themselves; the style only says that there is one.
  const isGoogle = wire === 'gemini' || wire === 'gemini-interactions';
  if (isGoogle && thinkingTraits(model ?? '').style === 'none') return 'none';
  if (wire === 'cohere-chat') return cohereThinks(model ?? '') ? 'thinking-type' : 'none';
  if (known !== 'none') return known;
  if (wire === 'anthropic-messages' || wire === 'ollama-chat' || isGoogle) return 'thinking-type';
  // An endpoint that people bring themselves gets the field that compatible servers read (ZeroClaw custom-provider guide).
  return wire === 'openai-chat' && !row.keyRequired ? 'enable_thinking' : 'none';
}
