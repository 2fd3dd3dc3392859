import { isTree, valueAt, type ConfigPath } from '../path.ts';
import type { Converter } from './conversion.ts';
import { entryPath, type DraftEntry, type EntryBook } from './entry-book.ts';

/** The native entry of `providers.<name>`, described by its table when there is one. */
export function openProvider(
  converter: Converter,
  book: EntryBook,
  name: string,
  from: ConfigPath = ['providers', name],
): DraftEntry {
  const known = book.find(name, 'default');
  if (known !== undefined) return known;
  const entry = book.open(name, 'default', from);
  const path = ['providers', name];
  const table = valueAt(converter.source, path);
  if (!isTree(table)) return entry;
  converter.anchor(entryPath(entry), path);
  const slot = entry.match?.row.id;
  const isVertex = slot === 'vertex';
  converter.move([...path, 'api_key'], entryPath(entry, isVertex ? 'project' : 'api_key'));
  converter.move([...path, 'api_base'], entryPath(entry, isVertex ? 'region' : 'uri'));
  // ZeptoClaw reaches Bedrock through a proxy that speaks the OpenAI protocol.
  if (slot === 'bedrock' && converter.text([...path, 'api_base']) !== undefined) {
    converter.put(entryPath(entry, 'kind'), 'openai-compatible', [...path, 'api_base']);
  }
  converter.move([...path, 'model'], entryPath(entry, 'model'));
  converter.move([...path, 'api_version'], entryPath(entry, 'api_version'));
  const method = converter.text([...path, 'auth_method']);
  if (method === 'oauth') converter.put(entryPath(entry, 'auth_mode'), 'oauth', [...path, 'auth_method']);
  else converter.used([...path, 'auth_method'], 'a key is used');
  if (Object.hasOwn(table, 'auth_header'))
    converter.leave([...path, 'auth_header'], 'has no effect: the slot knows how its key travels; use extra_headers');
  convertQuota(converter, entry, [...path, 'quota']);
  return entry;
}

const PERIODS = ['monthly', 'daily'];
const ACTIONS = ['reject', 'fallback', 'warn'];

/** `quota` of a provider → its own limits under `[budgets]`; monthly and rejecting when it does not say. */
function convertQuota(converter: Converter, entry: DraftEntry, path: ConfigPath): void {
  const quota = valueAt(converter.source, path) ?? undefined;
  if (quota === undefined || converter.table(path) === undefined) return;
  const budget = ['budgets', 'per_provider', entry.ref];
  const chosen = (key: string, known: readonly string[]): string | undefined => {
    const text = converter.text([...path, key]);
    if (text === undefined || known.includes(text)) return text;
    converter.fail([...path, key], `"${text}" is none of ${known.join(', ')}`);
    converter.leave([...path, key]);
    return undefined;
  };
  const period = chosen('period', PERIODS) ?? 'monthly';
  const action = chosen('action', ACTIONS) ?? 'reject';
  converter.move([...path, 'max_cost_usd'], [...budget, `${period}_usd`]);
  converter.move([...path, 'max_tokens'], [...budget, `${period}_tokens`]);
  if (valueAt(converter.tree, budget) === undefined) {
    converter.warn(path, 'limits nothing: it has neither max_cost_usd nor max_tokens');
    for (const key of ['period', 'action']) converter.used([...path, key], 'nothing is limited');
    return;
  }
  converter.used([...path, 'period'], 'in the names of the limits');
  if (converter.text([...path, 'action']) === undefined) converter.derive([...budget, 'action'], action, path);
  else converter.put([...budget, 'action'], action, [...path, 'action']);
}
