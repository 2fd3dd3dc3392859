import type { VendorRow } from '../row.ts';
import { INLINE_THINKERS, vendor } from './define.ts';

/** Slots of other programs that start a command-line tool; listed so that a config which names one gets a clear answer. */
function commandLineTool(id: string, name: string, aliases: VendorRow['aliases'], instead: string): VendorRow {
  return vendor({
    id,
    name,
    aliases,
    wires: [],
    auth: 'none',
    keyRequired: false,
    listPath: null,
    unavailable: `${name} runs as a program of its own, which Standin does not start; use the ${instead} slot`,
    source: 'ZeroClaw provider catalog, read 2026-09',
  });
}

export const OTHER: readonly VendorRow[] = [
  vendor({
    id: 'custom',
    name: 'Any compatible endpoint',
    aliases: { 'openai-compatible': undefined, 'openai-compat': undefined },
    endpoints: {},
    wires: [
      'openai-chat',
      'openai-responses',
      'anthropic-messages',
      'gemini',
      'ollama-chat',
      'cohere-chat',
      'gemini-interactions',
    ],
    wireAuth: { 'anthropic-messages': 'x-api-key', gemini: 'x-goog-api-key', 'gemini-interactions': 'x-goog-api-key' },
    keyRequired: false,
    quirks: { vision: true },
    modelRules: INLINE_THINKERS,
    source: 'behaviour of the published OpenAI and Anthropic SDKs, read 2026-11',
  }),
  commandLineTool('claude-code', 'Claude Code', { claude_code: undefined }, 'anthropic'),
  commandLineTool('gemini_cli', 'Gemini CLI', { 'gemini-cli': undefined }, 'gemini'),
  commandLineTool('kilocli', 'Kilo CLI', { 'kilo-cli': undefined, kilo_cli: undefined }, 'kilo'),
  commandLineTool('grok_cli', 'Grok CLI', { 'grok-cli': undefined }, 'xai'),
];
