import { isJsonObject } from '@standin/core/spec/index';
import { globMatches } from '@standin/core/vendors/glob';

/** Paths of calls that name their one model in the address or at the top of their body, and ask for nothing else. */
const OF_ONE_MODEL =
  /\/(?:chat\/completions|completions|embeddings|responses|messages|messages\/count_tokens|moderations|rerank|images\/(?:generations|edits|variations)|audio\/(?:speech|transcriptions|translations)|api\/(?:chat|generate|embed|embeddings|show)|models?\/[^/]+(?::\w+|\/(?:converse|converse-stream|invoke|invoke-with-response-stream))?)$/;

/** Models that a passed-on call names, the one it asks for first. */
export function modelsOf(path: string, body: unknown): readonly string[] {
  const found = /\/(?:models?|deployments|engines)\/([^/:]+)/.exec(path)?.[1];
  const models = found === undefined ? [] : [plain(found)];
  if (!isJsonObject(body)) return models;
  for (const [key, value] of Object.entries(body)) {
    // Some servers read field names without regard to case.
    if (/^(?:model|models|fallbacks?)$/i.test(key)) models.push(...names(value));
  }
  return models;
}

function names(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (Array.isArray(value)) return value.flatMap(names);
  return isJsonObject(value) ? names(value.model) : [];
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether a caller's key may make this call at this entry: where its patterns permit the entry as a whole, anything; else
 * only calls of known kinds, all of whose models it may use.
 */
export function mayPass(patterns: readonly string[], entry: string, path: string, models: readonly string[]): boolean {
  const fits = (name: string): boolean => patterns.some((pattern) => globMatches(pattern, name));
  if (fits(entry)) return true;
  if (!OF_ONE_MODEL.test(path) || models.length === 0) return false;
  return models.every((model) => fits(model) || fits(`${entry}/${model}`));
}
