import { RequestError } from '@standin/core/spec/index';
import type { Endpoint } from '@standin/core/route/target';

/** What follows `/passthrough/` in an address: the entry, and the vendor's own path with its query. */
export interface PassedPath {
  readonly entry: string;
  /** Begins with a slash. */
  readonly path: string;
  /** With its question mark; empty: none. */
  readonly query: string;
}

export const PASSTHROUGH = '/passthrough/';

/** Throws `RequestError` for an address that could leave the entry's base. */
export function readPassedPath(url: string): PassedPath {
  const whole = url.startsWith('/') ? url : (URL.parse(url)?.pathname ?? '') + (URL.parse(url)?.search ?? '');
  const mark = whole.indexOf('?');
  const before = mark < 0 ? whole : whole.slice(0, mark);
  const below = before.slice(PASSTHROUGH.length);
  const slash = below.indexOf('/');
  const entry = decoded(slash < 0 ? below : below.slice(0, slash));
  const path = slash < 0 ? '/' : below.slice(slash);
  if (leaves(path)) throw new RequestError('The path has a part that leads elsewhere.', { code: 'invalid_path' });
  return { entry, path, query: mark < 0 ? '' : withoutKeys(whole.slice(mark + 1)) };
}

/** Servers decode once or twice, and some take a backslash for a slash: whatever it could become must not climb. */
const DECODINGS = 4;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/;

function leaves(path: string): boolean {
  let text = path;
  for (let round = 0; round < DECODINGS; round++) {
    if (CONTROL.test(text) || text.includes('\\') || text.startsWith('//')) return true;
    if (text.split('/').some((part) => /^\.{1,2}(?:$|;)/.test(part))) return true;
    const next = decoded(text);
    if (next === text) return false;
    text = next;
  }
  // Still not plain: nobody who means well encodes so often.
  return true;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

/** Names under which an address can carry the caller's own key. */
const KEY_NAMES = /^(?:key|api[-_]?key|access_token|auth[-_]?token|token|x-api-key|authorization|sig|signature)$/i;

function withoutKeys(query: string): string {
  const kept = query.split('&').filter((pair) => {
    const [name = ''] = pair.split('=', 1);
    return pair !== '' && !KEY_NAMES.test(decoded(name.replaceAll('+', ' ')).trim());
  });
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

/**
 * The address once more as the transport will read it: it must lie below the entry's own base. Throws `RequestError`
 * 400 for any other.
 */
export function checkBelow(endpoint: Endpoint, path: string): void {
  const base = new URL(endpoint.urlFor(''));
  const there = URL.parse(endpoint.urlFor(path));
  const root = base.pathname.replace(/\/+$/, '');
  const isBelow =
    there !== null &&
    there.origin === base.origin &&
    there.username === '' &&
    (there.pathname === root || there.pathname.startsWith(`${root}/`));
  if (!isBelow) throw new RequestError('The path leads elsewhere than below its entry.', { code: 'invalid_path' });
}
