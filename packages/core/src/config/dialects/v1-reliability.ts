import type { ConfigPath } from '../path.ts';
import { valueAt } from '../path.ts';
import { maskUri } from '../describe.ts';
import type { V1Context } from './v1.ts';
import { entryPath, type DraftEntry } from './entry-book.ts';
import { referTo } from './v1-names.ts';

/** One of `fallback_providers`, and where it is written. */
export interface Fallback {
  readonly entry: DraftEntry;
  readonly path: ConfigPath;
}

const SECTION = ['reliability'];
const LIST = [...SECTION, 'fallback_providers'];
const MODELS = [...SECTION, 'model_fallbacks'];
/** Where the list ends up when it is written below the `[reliability.model_fallbacks]` header. */
const SWALLOWED = [...MODELS, 'fallback_providers'];

const KEPT = [
  'provider_retries', 'provider_backoff_ms', 'channel_initial_backoff_secs', 'channel_max_backoff_secs',
  'scheduler_poll_secs', 'scheduler_retries',
] as const; // prettier-ignore

/** Gives the default entry its keys and its chain; returns the chain for routes and agents. */
export function convertReliability(context: V1Context): readonly Fallback[] {
  const { converter, primary } = context;
  converter.table(SECTION);
  for (const key of KEPT) converter.keep([...SECTION, key]);
  converter.move([...SECTION, 'api_keys'], entryPath(primary, 'api_keys'));
  for (const model of Object.keys(converter.table(MODELS) ?? {})) {
    if (model !== 'fallback_providers') converter.keep([...MODELS, model]);
  }
  const chain = [...readChain(context, LIST), ...readChain(context, SWALLOWED)];
  if (valueAt(converter.source, SWALLOWED) !== undefined) {
    converter.warn(
      SWALLOWED,
      'stands below the [reliability.model_fallbacks] header, so TOML makes it a model name; read as reliability.fallback_providers',
      'move it above that header',
    );
  }
  setChain(context, primary, chain);
  return chain;
}

function readChain(context: V1Context, path: ConfigPath): Fallback[] {
  const { converter, primary } = context;
  const chain: Fallback[] = [];
  converter.list(path).forEach((spelling, index) => {
    const from = [...path, String(index)];
    if (spelling.trim() === '') {
      converter.leave(from, 'is empty, left out');
      return;
    }
    const entry = referTo(context, spelling, from);
    if (entry.ref === primary.ref)
      converter.leave(from, `"${maskUri(spelling)}" is the default provider itself, left out`);
    else if (chain.some((before) => before.entry.ref === entry.ref))
      converter.leave(from, `"${maskUri(spelling)}" is listed already`);
    else chain.push({ entry, path: from });
  });
  if (valueAt(converter.source, path) !== undefined) converter.used(path, `fallback of ${primary.ref}`);
  return chain;
}

/**
 * What an entry falls back to when it is asked first: the whole chain, or what follows it there. Only what follows, so
 * that no walk closes a cycle.
 */
export function setChain({ converter }: V1Context, entry: DraftEntry, chain: readonly Fallback[]): void {
  const place = chain.findIndex((fallback) => fallback.entry.ref === entry.ref);
  const rest = chain.slice(place + 1);
  const first = rest[0];
  if (first === undefined) return;
  const path = entryPath(entry, 'fallback');
  if (valueAt(converter.tree, path) !== undefined) return;
  const refs = rest.map((fallback) => fallback.entry.ref);
  converter.put(path, refs, first.path.slice(0, -1));
  rest.forEach((fallback, index) => {
    converter.put([...path, String(index)], fallback.entry.ref, fallback.path);
  });
}
