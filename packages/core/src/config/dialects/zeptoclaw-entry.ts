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
  if (Object.hasOwn(table, 'quota'))
    converter.leave([...path, 'quota'], 'has no effect in this version yet: quotas of a provider become [budgets]');
  return entry;
}
