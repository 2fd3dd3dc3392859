/** Config paths as the command line writes them (`agents."two words".model`), and as addresses of pages. */

const BARE = /^[A-Za-z0-9_-]+$/;

export function formatPath(segments: readonly string[]): string {
  return segments.map((segment) => (BARE.test(segment) ? segment : JSON.stringify(segment))).join('.');
}

/** The segments of a path; `undefined` when a quote is not closed. */
export function parsePath(path: string): string[] | undefined {
  const segments: string[] = [];
  let rest = path;
  while (rest !== '') {
    const match = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^."']+))(?:\.|$)/.exec(rest);
    if (match === null) return undefined;
    const [whole, quoted, literal, bare] = match;
    segments.push(quoted === undefined ? (literal ?? bare ?? '') : (JSON.parse(`"${quoted}"`) as string));
    rest = rest.slice(whole.length);
  }
  return segments;
}

/** `providers.models` stands as one part of the address: `/config/providers.models/custom/home`. */
export function addressOf(segments: readonly string[]): string {
  const parts =
    segments[0] === 'providers' && segments[1] === 'models' ? ['providers.models', ...segments.slice(2)] : segments;
  return `/config/${parts.map(encodeURIComponent).join('/')}`;
}

/** The other way round; a dotted path works as well. */
export function segmentsOf(address: string): string[] {
  const parts = address
    .replace(/^\/config\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [first, ...rest] = parts;
  if (first === undefined) return [];
  return [...(parsePath(first) ?? [first]), ...rest];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}.`);
