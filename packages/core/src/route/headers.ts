import type { ResponseHead } from '../transport/transport.ts';

/** Wire headers and key headers are the same few objects over and over: joined and frozen once, written once. */
const joins = new WeakMap<object, WeakMap<object, Readonly<Record<string, string>>>>();

export function joined(wire: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>) {
  if (!Object.isFrozen(wire) || !Object.isFrozen(own)) return { ...wire, ...own };
  let byOwn = joins.get(wire);
  if (byOwn === undefined) joins.set(wire, (byOwn = new WeakMap()));
  let both = byOwn.get(own);
  if (both === undefined) byOwn.set(own, (both = Object.freeze({ ...wire, ...own })));
  return both;
}

const REQUEST_ID_HEADERS = [
  'x-request-id',
  'request-id',
  'x-amzn-requestid',
  'apim-request-id',
  'x-generation-id',
  'cf-ray',
];

/** The vendor's id of its answer, whatever it calls it. */
export function requestIdOf(head: ResponseHead | undefined): string | undefined {
  if (head === undefined) return undefined;
  for (const name of REQUEST_ID_HEADERS) {
    const value = head.headers[name];
    if (value !== undefined) return value;
  }
  return undefined;
}
