import type { Target } from '@standin/core/route/target';

/** A target with the address it is called at. */
export interface Located {
  readonly target: Target;
  readonly url: string;
}

/** Where this walk breaks with one failure, and what its spares cannot do. One sentence each, the gravest first. */
export function weakPoints(walk: readonly Located[]): string[] {
  const [first] = walk;
  if (first === undefined) return ['there is no usable target'];
  return [
    ...(walk.length === 1 ? ['there is no fallback: when this target fails, the call fails'] : []),
    ...sameHost(walk),
    ...sameKey(walk),
    ...noKey(walk),
    ...smallerWindow(walk),
    ...lacks(walk, 'vision', 'no vision: a request with images cannot fall back to it'),
    ...lacks(walk, 'nativeTools', 'no tools of its own: they are written into the prompt'),
  ];
}

const nameOf = ({ entry, model }: Target): string => (model === '' ? entry : `${entry} ${model}`);

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

/** Several entries behind one host fall together; models of one entry are expected to. */
function sameHost(walk: readonly Located[]): string[] {
  const entries = new Map<string, Set<string>>();
  for (const { target, url } of walk) {
    const host = hostOf(url);
    entries.set(host, (entries.get(host) ?? new Set()).add(target.entry));
  }
  const [only] = entries.keys();
  if (walk.length > 1 && entries.size === 1) return [`every target is at ${only}: when it is down, the call fails`];
  return [...entries]
    .filter(([, refs]) => refs.size > 1)
    .map(([host, refs]) => `${listed([...refs])} are all at ${host}: they fail together`);
}

function sameKey(walk: readonly Located[]): string[] {
  const entries = new Map<string, Set<string>>();
  for (const { target } of walk) {
    for (const { fingerprint } of target.keys) {
      if (fingerprint === 'none') continue;
      entries.set(fingerprint, (entries.get(fingerprint) ?? new Set()).add(target.entry));
    }
  }
  return [...entries]
    .filter(([, refs]) => refs.size > 1)
    .map(([key, refs]) => `${listed([...refs])} share key:${key}: a limit or refusal strikes them together`);
}

/** A host of somebody else's that is called without any credential. */
function noKey(walk: readonly Located[]): string[] {
  const refs = walk
    .filter(({ target, url }) => {
      const signed = 'endpoint' in target.via && target.via.endpoint.prepare !== undefined;
      return !signed && url.startsWith('https:') && target.keys.every((key) => key.fingerprint === 'none');
    })
    .map(({ target }) => target.entry);
  return [...new Set(refs)].map((ref) => `${ref} has no credential: its vendor may refuse the call`);
}

function smallerWindow(walk: readonly Located[]): string[] {
  const widest = walk[0]?.target.contextWindow;
  if (widest === undefined) return [];
  return walk.slice(1).flatMap(({ target }) => {
    const own = target.contextWindow;
    if (own === undefined || own >= widest) return [];
    return [
      `${nameOf(target)} reads ${tokens(own)}, the first target ${tokens(widest)}: longer requests cannot fall back to it`,
    ];
  });
}

function lacks(walk: readonly Located[], what: 'vision' | 'nativeTools', so: string): string[] {
  if (walk[0]?.target[what] === false) return [];
  return walk.slice(1).flatMap(({ target }) => (target[what] === false ? [`${nameOf(target)} has ${so}`] : []));
}

const tokens = (count: number): string => `${count.toLocaleString('en-US')} tokens`;

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
