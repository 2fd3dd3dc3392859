import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLog, systemClock, type Clock, type JsonObject, type Log } from '@standin/core/spec/index';
import type { Standin } from '@standin/core/library/standin-types';
import type { Keyring } from '@standin/store/keyring';
import { createAgentHost, type AgentsOptions } from './agents/host.ts';
import type { AdminOptions } from './admin/context.ts';
import { createAdminContext } from './admin/context.ts';
import { operatorOf, type Operator } from './admin/access.ts';
import { ADMIN_ENDPOINTS } from './admin/endpoints.ts';
import { createPages, type PagesFolder } from './admin/pages.ts';
import { authorise } from './auth.ts';
import { openBatches } from './batches/index.ts';
import type { BatchesOptions } from './batches/types.ts';
import type { AnyWireServer } from './call.ts';
import { failureOfThrown, ownFailure } from './caller-errors.ts';
import { dialectOf, ENDPOINTS, type Endpoint } from './endpoints.ts';
import { requestIdOf, sendFailure, type Exchange, type GatewayContext, type UnderWay } from './exchange.ts';
import { foreignHost, foreignOrigin, isLoopback } from './host-guard.ts';
import { createKeepAlive } from './keep-alive.ts';
import type { Accounting } from './ledger.ts';
import { answerMalformed } from './malformed.ts';
import { serveHttp2, type Http2Callers } from './http2.ts';
import { listenError, publicHostError } from './listen-error.ts';
import { OpenList } from './open-list.ts';
import type { Operations } from './operations.ts';
import { ADMIN_HEADERS } from './admin/serve-route.ts';
import { createRouteTable, type Found } from './route-table.ts';
import { createOverload, OVERLOADED } from './overload.ts';
import { createAnswerCache, type CacheRules } from './answer-cache.ts';
import { allowOrigin, answerPreflight, isPreflight } from './cors.ts';
import { createPins } from './pins.ts';
import type { PassthroughRule } from './raw/passthrough.ts';

export interface GatewayOptions {
  /** The Standin that answers; or `getStandin`, asked once per request, when the configuration can be replaced. */
  readonly standin?: Standin;
  readonly getStandin?: () => Standin;
  /** Told by the health routes as `config`: where the configuration comes from, and a change that was refused. */
  readonly configState?: () => JsonObject | undefined;
  readonly log?: Log;
  readonly clock?: Clock;
  /** Largest request body, before and after decompression. Default 32 MiB. */
  readonly bodyLimitBytes?: number;
  /** A waiting stream says something at least this often, milliseconds. Default 15,000. */
  readonly keepAliveMs?: number;
  /** Listen beyond loopback: `keys` are required, or something in front of the gateway checks its callers. Default false. */
  readonly allowPublic?: boolean;
  /** Host names, besides local ones, under which callers and web pages may reach the gateway; lower case. */
  readonly allowedHosts?: readonly string[];
  /** Calls at the same time; more are answered 503 at once. Default 10,000, fewer while the process is late. */
  readonly maxConcurrent?: number;
  /** Virtual keys of callers. Absent: nobody is asked for one. */
  readonly keys?: Keyring;
  /** What is counted and limited. Absent: nothing. */
  readonly accounting?: Accounting;
  /** What `/metrics` and `/api` answer from. */
  readonly operations?: Operations;
  /** Pairing, sessions and what the admin API works on. Absent: only what this machine may read is answered. */
  readonly admin?: AdminOptions;
  /** Folder that the dashboard was built into, or how to find it. Absent: `/` answers with text alone. */
  readonly pages?: PagesFolder;
  /** Agents of the config may run their tools here. Absent: none does. */
  readonly agents?: AgentsOptions;
  /** Where files and batches (`/v1/files`, `/v1/batches`) are kept. Absent: there are none. */
  readonly batches?: BatchesOptions;
  /** Exact answers given again. Absent: none are. */
  readonly cache?: CacheRules;
  /**
   * Whose calls `/passthrough/` takes; asked once per call. Absent: those of a gateway that asks nobody for a key and
   * listens on loopback, whose callers could use the vendors' keys anyway.
   */
  readonly passthrough?: () => PassthroughRule | undefined;
  /** Random id of 32 letters and digits. */
  readonly newId?: () => string;
  /**
   * Requests and answers may pass as their bytes came where both sides speak one protocol. Default true; false, for
   * tests, writes everything anew.
   */
  readonly relay?: boolean;
}

export interface Gateway {
  /**
   * Begins to listen. Port 0 takes a free one. Default `127.0.0.1` and 8787.
   * Throws `ListenError` when the port is taken, or the host is not loopback and `allowPublic` is not set.
   */
  listen(options?: {
    readonly host?: string;
    readonly port?: number;
  }): Promise<{ readonly port: number; readonly url: string }>;
  /**
   * Takes no new connections, lets answers under way finish for `graceMs` (default 10,000), then ends them with an
   * explicit error. A second call with a smaller grace shortens it.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  /** Numbers for metrics. */
  load(): GatewayLoad;
  readonly server: Server;
}

export interface GatewayLoad {
  readonly openCalls: number;
  readonly openStreams: number;
  /** Calls that may be under way now. */
  readonly limit: number;
  /** Calls turned away because of it. */
  readonly refused: number;
  /** Sockets of callers, idle ones too. */
  readonly connections: number;
}

const DEFAULT_BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** The HTTP gateway over a configured Standin. */
export function createGateway(options: GatewayOptions): Gateway {
  const clock = options.clock ?? systemClock;
  const { standin } = options;
  const getStandin = options.getStandin ?? (standin === undefined ? undefined : () => standin);
  if (getStandin === undefined) throw new TypeError('createGateway needs `standin` or `getStandin`.');
  const { accounting, operations = {}, log = silentLog, newId = createIds() } = options;
  const underWay = new OpenList<UnderWay>();
  const admin =
    options.admin === undefined
      ? undefined
      : createAdminContext(options.admin, options.keys, {
          clock,
          getStandin,
          underWay,
          ledger: operations.ledger,
          log,
          newId,
        });
  const context: GatewayContext = {
    getStandin,
    configState: options.configState ?? (() => undefined),
    log,
    clock,
    keepAlive: createKeepAlive(clock, options.keepAliveMs ?? 15_000),
    bodyLimitBytes: options.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES,
    newId,
    relays: options.relay !== false,
    startedAtMs: clock.wallMs(),
    underWay,
    accounting: admin === undefined ? accounting : { ...accounting, logs: [...(accounting?.logs ?? []), admin.log] },
    operations,
    overload: createOverload(clock, options.maxConcurrent),
    admin,
    agents:
      options.agents === undefined ? undefined : createAgentHost(options.agents, log, options.accounting?.priceOf),
    onDrain: new Set(),
    pins: createPins(),
    cache: options.cache === undefined ? undefined : createAnswerCache(options.cache, clock),
    passthrough: (isKeyed) =>
      options.passthrough?.() ??
      (!isKeyed && options.allowPublic !== true && options.keys?.required !== true ? ['*'] : []),
    batches: undefined,
    incoming: 0,
    draining: false,
    onCallEnd: undefined,
  };
  if (options.batches !== undefined) {
    const own = createRouteTable(ENDPOINTS);
    context.batches = openBatches(options.batches, context, options.keys, (path) => {
      const found = own.find('POST', path);
      return found.type === 'route' ? found.run : undefined;
    });
  }
  const server = createServer(SERVER_OPTIONS);
  const { handle, dialectOfPath } = createHandler(context, options);
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    socket.once('close', () => connections--);
  });
  server.on('request', handle);
  const http2 = serveHttp2(server, handle, answerMalformed(server, dialectOfPath, newId));
  // A body that is refused by its declared length is never asked for.
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    const isUpload = req.method === 'POST' && /^\/(?:v1\/)?files\/?$/.test(pathOf(req.url ?? '/'));
    const limitBytes = isUpload ? context.batches?.limits.maxFileBytes : undefined;
    if (Number(req.headers['content-length'] ?? 0) <= (limitBytes ?? context.bodyLimitBytes)) res.writeContinue();
    handle(req, res);
  });
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    const exchange = {
      context,
      req,
      res,
      requestId: requestIdOf(req, newId),
      dialect: dialectOfPath(pathOf(req.url ?? '/')),
      parameter: '',
    };
    const message = 'Of Expect only "100-continue" is understood.';
    sendFailure(exchange, ownFailure(417, 'expectation_failed', message));
  });
  return {
    server,
    listen: (where) => listen(server, where, options.allowPublic === true),
    close: createClose(server, context, http2),
    load: () => ({
      openCalls: context.underWay.size,
      openStreams: context.keepAlive.size,
      limit: context.overload.limit,
      refused: context.overload.refused,
      connections,
    }),
  };
}

/** Ids that no other process makes and nobody guesses in passing: a random beginning and a count. */
function createIds(): () => string {
  const beginning = randomUUID().replaceAll('-', '').slice(0, 20);
  let count = 0;
  return () => {
    count += 1;
    return beginning + count.toString(36).padStart(8, '0');
  };
}

/** Times in milliseconds. The limits bound how a request comes in; an answer may stream as long as its run allows. */
const SERVER_OPTIONS = {
  noDelay: true,
  // Longer than the 60 s after which common load balancers reuse a connection, so that they never meet a closing one.
  keepAliveTimeout: 65_000,
  headersTimeout: 30_000,
  requestTimeout: 300_000,
  maxHeaderSize: 64 * 1024,
  requireHostHeader: false,
};

function createHandler(context: GatewayContext, options: GatewayOptions) {
  const table = createRouteTable([...ENDPOINTS, ...ADMIN_ENDPOINTS]);
  const pages = options.pages === undefined ? undefined : createPages(options.pages);
  const guarded = options.allowPublic !== true;
  const allowedHosts = options.allowedHosts ?? [];
  const dialectOfPath = (path: string): AnyWireServer => {
    const found = table.find('POST', path);
    return (found.type === 'none' ? undefined : found.run.dialect) ?? dialectOf({ url: path, headers: {} });
  };
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const method = req.method ?? 'GET';
    const path = pathOf(req.url ?? '/');
    const found = table.find(method, path);
    const dialect = (found.type === 'none' ? undefined : found.run.dialect) ?? dialectOf(req);
    const requestId = requestIdOf(req, context.newId);
    const parameter = found.type === 'route' ? found.parameter : '';
    const exchange: Exchange = { context, req, res, requestId, dialect, parameter };
    const guardedly = (run: () => void): void => {
      try {
        run();
      } catch (thrown) {
        context.log('error', 'Request handling failed', { requestId, error: thrown });
        sendFailure(exchange, failureOfThrown(thrown));
      }
    };
    guardedly(() => {
      // Node would refuse it with an answer of no protocol.
      if (req.headers.host === undefined && req.httpVersionMajor === 1 && req.httpVersionMinor > 0)
        return sendFailure(exchange, ownFailure(400, 'host_missing', 'The request has no Host header.'));
      const run = found.type === 'none' ? undefined : found.run;
      // The admin API has a stricter rule of its own for pages of other sites.
      const foreign = guarded
        ? (foreignHost(req, allowedHosts) ?? (run?.admin === undefined ? foreignOrigin(req, allowedHosts) : undefined))
        : undefined;
      if (foreign !== undefined)
        return sendFailure(exchange, ownFailure(foreign.status, foreign.code, foreign.message));
      if (found.type === 'route' && found.run.admin !== undefined) {
        const operator = operatorOf(req, found.run.admin, context.admin?.sessions, options.keys);
        if ('failure' in operator) return sendFailure(exchange, operator.failure, ADMIN_HEADERS);
        return found.run.run(exchange, operator);
      }
      const rest = (): void => answerCaller(exchange, found, path, options.keys);
      const mayBePage = pages !== undefined && (found.type === 'none' || path === '/');
      // A page may have to be found first.
      if (!mayBePage || !pages.answer(exchange, path, () => guardedly(rest))) rest();
    });
  };
  return { handle, dialectOfPath };
}

/** Everything but the admin API and the pages. */
function answerCaller(asked: Exchange, found: Found<Endpoint>, path: string, keys: Keyring | undefined): void {
  const { context, req } = asked;
  const run = found.type === 'none' ? undefined : found.run;
  const access = run?.access ?? (run?.admin === undefined ? 'caller' : 'open');
  if (access === 'caller') {
    if (isPreflight(req) && found.type !== 'none') return answerPreflight(req, asked.res);
    allowOrigin(req, asked.res);
  }
  const authorised = authorise(req, access, keys, context.admin);
  if ('failure' in authorised) return sendFailure(asked, authorised.failure);
  const { caller } = authorised;
  const exchange = caller === undefined ? asked : { ...asked, caller };
  if (found.type === 'route') {
    const isCall = access === 'caller' && req.method === 'POST';
    if (isCall && !context.overload.admits(context.underWay.size - context.incoming))
      return sendFailure(exchange, OVERLOADED);
    return found.run.run(exchange, NOBODY);
  }
  if (found.type === 'none') {
    const message = `There is nothing at ${req.method} ${path.slice(0, 200)}; GET / lists what there is.`;
    return sendFailure(exchange, ownFailure(404, 'not_found', message));
  }
  const message = `${path.slice(0, 200)} is asked with ${found.allow}, not ${req.method}.`;
  sendFailure(exchange, ownFailure(405, 'method_not_allowed', message, ['allow', found.allow]));
}

const NOBODY: Operator = { kind: 'nobody' };

/** Path without query; a proxy may send the whole URL. */
function pathOf(url: string): string {
  const full = url.startsWith('/') ? url : (URL.parse(url)?.pathname ?? url);
  const query = full.indexOf('?');
  return query < 0 ? full : full.slice(0, query);
}

async function listen(
  server: Server,
  where: { readonly host?: string; readonly port?: number } | undefined,
  allowPublic: boolean,
): Promise<{ readonly port: number; readonly url: string }> {
  const host = where?.host ?? '127.0.0.1';
  const port = where?.port ?? 8787;
  if (!allowPublic && !isLoopback(host)) throw publicHostError(host);
  const bare = host.replace(/^\[|\]$/g, '');
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
    server.once('error', onError);
    server.listen(port, bare, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const actual = (server.address() as AddressInfo).port;
  return { port: actual, url: `http://${bare.includes(':') ? `[${bare}]` : bare}:${actual}` };
}

/** After the error that ends an answer is written, it has this long to leave before its socket is closed. */
const LAST_WORDS_MS = 500;

function createClose(server: Server, context: GatewayContext, http2: Http2Callers): Gateway['close'] {
  const { clock } = context;
  let closing: Promise<void> | undefined;
  let batches: Promise<void> | undefined;
  let closed = false;
  let timer: unknown;
  const arm = (ms: number, run: () => void): void => {
    if (timer !== undefined) clock.clear(timer);
    timer = closed ? undefined : clock.after(ms, run);
  };
  const endAll = (): void => {
    for (const call of context.underWay) call.shutDown();
    arm(LAST_WORDS_MS, () => {
      server.closeAllConnections();
      http2.destroy();
    });
  };
  const begin = (resolve: () => void): void => {
    context.draining = true;
    for (const end of context.onDrain) end();
    // A kept-alive connection whose answer has just ended would hold the server open until its timeout.
    context.onCallEnd = () => void setImmediate(() => server.closeIdleConnections());
    server.close(() => {
      closed = true;
      if (timer !== undefined) clock.clear(timer);
      context.keepAlive.close();
      context.overload.close();
      const ended = batches ?? Promise.resolve();
      void ended.then(() => context.agents?.close()).then(resolve, resolve);
    });
    server.closeIdleConnections();
    http2.drain();
  };
  return ({ graceMs = 10_000 } = {}) => {
    batches = context.batches?.runner.close(graceMs);
    closing ??= new Promise<void>(begin);
    if (!closed) arm(graceMs, endAll);
    return closing;
  };
}
