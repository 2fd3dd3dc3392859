import { Secret, type WireId } from '@standin/core/spec/index';
import type { Behaviour } from './behaviour.ts';
import type { PlannedOutcome } from './plan-types.ts';

export type RequestOutcome = PlannedOutcome | 'pending' | 'caller-left' | 'closed' | 'listing' | 'not-found';

/** One request as a stand-in received and treated it. Times in milliseconds of the simulator's clock. */
export interface RecordedRequest {
  /** 1, 2, 3 … in order of arrival. */
  readonly sequence: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** As received; names lower case, repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The credential, however it travelled. */
  readonly key: string | undefined;
  readonly keyVia: string | undefined;
  readonly wire: WireId | undefined;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** Parsed body; `undefined` when it is no JSON. */
  readonly body: unknown;
  readonly rawBody: string;
  readonly behaviour: Behaviour;
  readonly chosenBy: string;
  readonly receivedAt: number;
  readonly firstByteAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** The caller closed the connection before the response was complete. */
  readonly callerLeftAt: number | undefined;
  readonly status: number | undefined;
  /** Body bytes handed to the connection. */
  readonly bytesSent: number;
  readonly eventsSent: number;
  /** Text, reasoning and tool arguments of all events that were sent whole. */
  readonly textSent: string;
  readonly reasoningSent: string;
  readonly toolSent: string;
  /** `pending` until the response ended; then what was done, or `caller-left`, or `closed` with the simulator. */
  readonly outcome: RequestOutcome;
}

export type MutableRecord = { -readonly [Field in keyof RecordedRequest]: RecordedRequest[Field] };

const SCHEMES: readonly (readonly [header: string, via: string])[] = [
  ['x-api-key', 'x-api-key'],
  ['api-key', 'api-key'],
  ['x-goog-api-key', 'x-goog-api-key'],
];

/** The caller's credential and the place it was found in. */
export function credentialOf(
  headers: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>>,
): { key: string | undefined; keyVia: string | undefined } {
  const authorization = headers['authorization'];
  const bearer = /^bearer\s+(.+)$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined) return { key: bearer.trim(), keyVia: 'bearer' };
  for (const [header, via] of SCHEMES) {
    const value = headers[header];
    if (value !== undefined) return { key: value, keyVia: via };
  }
  const signed = /^AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)/.exec(authorization ?? '')?.[1];
  if (signed !== undefined) return { key: signed, keyVia: 'aws' };
  if (authorization !== undefined) return { key: authorization, keyVia: 'authorization' };
  return query['key'] === undefined ? { key: undefined, keyVia: undefined } : { key: query['key'], keyVia: 'query' };
}

const CREDENTIAL_HEADERS = new Set([
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'proxy-authorization',
]);

/** A record fit to be shown: a real config may have been pointed here, so keys leave only as fingerprints. */
export function shownRecord(record: RecordedRequest): object {
  const hide = (value: string) => new Secret(value).toString();
  const headers = Object.entries(record.headers).map(([name, value]) => [
    name,
    CREDENTIAL_HEADERS.has(name) ? '(hidden)' : value,
  ]);
  const query = Object.entries(record.query).map(([name, value]) => [name, name === 'key' ? '(hidden)' : value]);
  return {
    ...record,
    key: record.key === undefined ? undefined : hide(record.key),
    headers: Object.fromEntries(headers),
    query: Object.fromEntries(query),
  };
}
