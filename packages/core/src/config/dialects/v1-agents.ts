import { isTree } from '../path.ts';
import { kindOf } from './conversion.ts';
import type { V1Context } from './v1.ts';
import { entryPath, type DraftEntry } from './entry-book.ts';
import { referTo } from './v1-names.ts';
import { setChain, type Fallback } from './v1-reliability.ts';

const NO_EFFECT = [
  'max_depth', 'agentic', 'allowed_tools', 'max_iterations', 'timeout_secs', 'agentic_timeout_secs',
  'skills_directory', 'memory_namespace',
] as const; // prettier-ignore

/** Delegates: an agent each, and an entry of its own where it has a key or a temperature of its own. */
export function convertAgents(context: V1Context, chain: readonly Fallback[]): void {
  const { converter } = context;
  const delegates: string[] = [];
  for (const [name, value] of Object.entries(converter.table(['agents']) ?? {})) {
    const from = ['agents', name];
    if (!isTree(value)) {
      converter.fail(from, `expected a table, found ${kindOf(value)}`);
      converter.leave(from, 'expected a table');
      continue;
    }
    const alias = name === 'default' ? 'default_delegate' : name;
    if (alias !== name) converter.warn(from, `is called "${alias}": "default" is the agent of default_provider`);
    const to = ['agents', alias];
    converter.anchor(to, from);
    const entry = entryFor(context, name);
    converter.put([...to, 'model_provider'], entry.ref, [...from, 'provider']);
    converter.move([...from, 'model'], [...to, 'model']);
    converter.move([...from, 'system_prompt'], [...to, 'system_prompt']);
    for (const key of NO_EFFECT) if (Object.hasOwn(value, key)) converter.leave([...from, key]);
    setChain(context, entry, chain);
    delegates.push(alias);
  }
  if (delegates.length > 0) converter.derive(['agents', 'default', 'delegates'], delegates, ['agents']);
}

function entryFor(context: V1Context, name: string): DraftEntry {
  const { converter, book, primary } = context;
  const from = ['agents', name];
  const spelling = converter.text([...from, 'provider']);
  const own = ['api_key', 'temperature'].filter(
    (key) => converter.source['agents'] !== undefined && hasKey(context, name, key),
  );
  if (spelling === undefined && own.length === 0) return primary;
  const shared = spelling === undefined ? primary : referTo(context, spelling, [...from, 'provider']);
  if (own.length === 0) return shared;
  const entry = spelling === undefined ? book.add(primary.type, name, from) : book.open(spelling, name, from);
  for (const key of own) converter.move([...from, key], entryPath(entry, key));
  converter.move([...from, 'model'], entryPath(entry, 'model'));
  // The global key belongs to the default provider alone; its other accounts may share it.
  if (!own.includes('api_key') && shared.ref === primary.ref) converter.move(['api_key'], entryPath(entry, 'api_key'));
  return entry;
}

function hasKey({ converter }: V1Context, name: string, key: string): boolean {
  const agent = converter.table(['agents', name]);
  return agent?.[key] !== undefined && agent[key] !== '';
}
