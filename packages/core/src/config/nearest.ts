import { editDistance } from '../spec/edit-distance.ts';

/** Names people bring from other tools, with ours. */
const SYNONYMS: Readonly<Record<string, string>> = {
  api_base: 'uri',
  api_url: 'uri',
  base_url: 'uri',
  base_uri: 'uri',
  url: 'uri',
  key: 'api_key',
  apikey: 'api_key',
  token: 'api_key',
  keys: 'api_keys',
  headers: 'extra_headers',
  provider: 'model_provider',
  name: 'model',
  timeout: 'timeout_secs',
  timeout_ms: 'timeout_secs',
  max_output_tokens: 'max_tokens',
  max_completion_tokens: 'max_tokens',
  retries: 'provider_retries',
  max_retries: 'provider_retries',
  backoff_ms: 'provider_backoff_ms',
  tools: 'native_tools',
  thinking: 'think',
  extra_body: 'provider_extra',
  wire: 'wire_api',
  protocol: 'wire_api',
};

/** The known name closest to `word`, or `undefined` when none resembles it. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const asked = word.toLowerCase().replaceAll('-', '_');
  const synonym = SYNONYMS[asked];
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const distance = editDistance(asked, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  if (best !== undefined && bestDistance <= Math.max(2, Math.floor(asked.length / 3))) return best;
  if (synonym !== undefined && known.includes(synonym)) return synonym;
  const contained = known.find(
    (name) =>
      (name.includes(asked) || asked.includes(name)) &&
      Math.min(name.length, asked.length) * 2 > Math.max(name.length, asked.length),
  );
  return contained ?? (bestDistance <= Math.ceil(asked.length / 2) ? best : undefined);
}

/** `did you mean "model"?`, or what there is to choose from. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (known.length === 0) return undefined;
  const shown = known.slice(0, 12).join(', ');
  return `known: ${shown}${known.length > 12 ? ', …' : ''}`;
}
