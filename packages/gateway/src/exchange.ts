import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJsonObject, type Clock, type JsonObject, type Log } from '@standin/core/spec/index';
import type { Standin } from '@standin/core/library/standin-types';
import type { Plan, Target } from '@standin/core/route/target';
import type { KeyRecord } from '@standin/store/keys';
import type { AgentHost } from './agents/host.ts';
import type { AdminContext } from './admin/context.ts';
import type { CallerFailure } from './caller-errors.ts';
import type { KeepAlive } from './keep-alive.ts';
import { bedrockFailure } from './bedrock-failures.ts';
import type { AnyWireServer } from './call.ts';
import type { Accounting } from './ledger.ts';
import type { Batches } from './batches/index.ts';
import type { Overload } from './overload.ts';
import type { Listed, OpenList } from './open-list.ts';
import type { Operations } from './operations.ts';
import type { Pins } from './pins.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { PassthroughRule } from './raw/passthrough.ts';

/** Something under way that a shutdown ends. */
export interface UnderWay extends Listed {
  /** The grace is over: tell the caller so, and end. */
  shutDown(): void;
  /** What it is doing, for whoever looks. Absent, or `undefined`: nothing to see yet. */
  glimpse?(): Glimpse | undefined;
}

/** A call under way, as far as it has come. */
export interface Glimpse {
  readonly id: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly requestedModel: string;
  readonly protocol: string;
  readonly mode: 'stream' | 'whole';
  /** Absent: it was not admitted yet. */
  readonly plan: Plan | undefined;
  /** Who answers. */
  readonly answering: Target | undefined;
  /** Attempts that have ended. */
  readonly attempts: number;
  /** Id of the caller's key. */
  readonly key: string | null;
}

/** What every request of one gateway shares. */
export interface GatewayContext {
  /** The current configuration's Standin: read once per request, so a reload never mixes two. */
  readonly getStandin: () => Standin;
  readonly configState: () => JsonObject | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly keepAlive: KeepAlive;
  readonly bodyLimitBytes: number;
  /** A fresh random id, letters and digits. */
  readonly newId: () => string;
  /** Bytes may pass as they came. */
  readonly relays: boolean;
  readonly startedAtMs: number;
  readonly underWay: OpenList<UnderWay>;
  /** What is counted and limited; absent: nothing. */
  readonly accounting: Accounting | undefined;
  readonly operations: Operations;
  readonly overload: Overload;
  /** Absent: nobody administers this gateway over HTTP. */
  readonly admin: AdminContext | undefined;
  /** Absent: no agent's tools run here. */
  readonly agents: AgentHost | undefined;
  /** Told when the shutdown begins: streams that nobody finishes end at once. */
  readonly onDrain: Set<() => void>;
  /** Where what callers name by an id lies. */
  readonly pins: Pins;
  /** Absent: every call asks a vendor. */
  readonly cache: AnswerCache | undefined;
  /** Which entries callers may reach raw; `isKeyed`: the caller has shown a virtual key. */
  readonly passthrough: (isKeyed: boolean) => PassthroughRule;
  /** Absent: no files or batches are kept. Set once the rest is there. */
  batches: Batches | undefined;
  /** Calls under way whose bodies are still coming: they wait for their callers, and cost nothing but their connection. */
  incoming: number;
  draining: boolean;
  /** While draining: a call ended, its connection can go. */
  onCallEnd: (() => void) | undefined;
}

/** One HTTP request and its answer. */
export interface Exchange {
  readonly context: GatewayContext;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** Shapes the errors. */
  readonly dialect: AnyWireServer;
  /** What the route's `{name}` stood for. */
  readonly parameter: string;
  /** The virtual key that was presented. */
  readonly caller?: KeyRecord;
}

const SANE_ID = /^[\w.:/+=@-]{1,128}$/;

/** The caller's own `x-request-id` when it is short and plain, else a new one. */
export function requestIdOf(req: IncomingMessage, newId: () => string): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && SANE_ID.test(given) ? given : `req_${newId()}`;
}

/** Raw header list (name, value, …) that every answer begins with. */
export function baseHeaders(exchange: Exchange): string[] {
  const headers = ['x-request-id', exchange.requestId];
  // Anthropic's SDK reads the id from this name.
  if (exchange.dialect.id === 'anthropic-messages') headers.push('request-id', exchange.requestId);
  // HTTP/2 has no such header: its sessions are closed one by one.
  if (exchange.context.draining && exchange.req.httpVersionMajor === 1) headers.push('connection', 'close');
  return headers;
}

const UNSAFE_IN_HEADER = /[^\x20-\x7e]/g;
/** The same few names stand in every answer. */
const safeValues = new Map<string, string>();
const MOST_SAFE_VALUES = 1_000;

/** Model names may come from the caller: anything that cannot stand in a header is percent-encoded. */
export function headerValue(text: string): string {
  const known = safeValues.get(text);
  if (known !== undefined) return known;
  const safe = text.replace(UNSAFE_IN_HEADER, (char) => {
    const code = char.charCodeAt(0);
    return `%${code.toString(16).padStart(2, '0')}`;
  });
  if (safeValues.size >= MOST_SAFE_VALUES) safeValues.clear();
  safeValues.set(text, safe);
  return safe;
}

export function sendText(
  exchange: Exchange,
  status: number,
  text: string,
  headers: readonly string[],
  type: string,
): void {
  const { res } = exchange;
  if (res.headersSent || res.destroyed) return;
  const all = baseHeaders(exchange);
  for (const part of headers) all.push(part);
  all.push('content-type', type, 'content-length', `${Buffer.byteLength(text)}`);
  res.writeHead(status, all);
  res.end(text);
}

export function sendJson(exchange: Exchange, status: number, body: JsonObject, headers: readonly string[] = []): void {
  sendText(exchange, status, JSON.stringify(body), headers, 'application/json; charset=utf-8');
}

/** A JSON document that is already bytes. */
export function sendDocument(exchange: Exchange, pieces: readonly Uint8Array[], headers: readonly string[]): void {
  const { res } = exchange;
  if (res.headersSent || res.destroyed) return;
  const [first] = pieces;
  const body = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
  const all = baseHeaders(exchange);
  for (const part of headers) all.push(part);
  all.push('content-type', 'application/json; charset=utf-8', 'content-length', `${body.byteLength}`);
  res.writeHead(200, all);
  // As a Latin-1 string (each byte a character) head and body leave in one write instead of a gathered one.
  if (body.byteLength <= ONE_WRITE_BYTES) res.end(latin1(body), 'latin1');
  else res.end(body);
}

const ONE_WRITE_BYTES = 16 * 1024;

function latin1(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('latin1');
}

/** The failure as an HTTP answer of the caller's protocol. Only while no byte of an answer went out. */
export function sendFailure(exchange: Exchange, failure: CallerFailure, headers: readonly string[] = []): void {
  const own = exchange.dialect.id === 'bedrock-converse' ? bedrockFailure(failure) : failure;
  sendJson(exchange, own.error.status, failureBody(exchange, own), [...own.headers, ...headers]);
}

/** The protocol's own error object, and the attempts beside its message: SDKs let fields through they do not know. */
function failureBody(exchange: Exchange, failure: CallerFailure): JsonObject {
  const body = exchange.dialect.encodeError({ ...failure.error, requestId: exchange.requestId });
  if (failure.attempts.length === 0 || !isJsonObject(body.error)) return body;
  return { ...body, error: { ...body.error, attempts: [...failure.attempts] } };
}
