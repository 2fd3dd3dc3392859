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

/** Edits between two words (insert, delete, replace, swap of neighbours). */
export function editDistance(a: string, b: string): number {
  const rows = a.length + 1;
  const columns = b.length + 1;
  const table = Array.from({ length: rows * columns }, () => 0);
  const at = (i: number, j: number) => table[i * columns + j] ?? 0;
  for (let i = 0; i < rows; i++) table[i * columns] = i;
  for (let j = 0; j < columns; j++) table[j] = j;
  for (let i = 1; i < rows; i++) {
    for (let j = 1; j < columns; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      table[i * columns + j] = best;
    }
  }
  return at(rows - 1, columns - 1);
}

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
