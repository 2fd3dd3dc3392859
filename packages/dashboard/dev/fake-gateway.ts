/**
 * A gateway of made-up traffic: the live feed, the list and one waterfall, without vendors and without a ledger. For work
 * on the pages (`npm run fake -w packages/dashboard`) and for load that no real gateway on the same two cores could make.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Now, Row, Snapshot } from '../src/api/types.ts';
import { CHAINS, edgesOf, madeUpRow, madeUpTargets, seeded } from './made-up.ts';

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const INTERVAL_MS = 250;

export interface FakeOptions {
  /** Requests that end per second. */
  readonly perSecond: number;
  /** Requests in the list at the start. */
  readonly rows: number;
  /** The built pages. */
  readonly dist?: string;
  readonly port?: number;
  /** Answers for further paths of the API; `undefined`: 404. */
  readonly more?: (path: string, query: URLSearchParams) => unknown;
}

export async function startFakeGateway(options: FakeOptions): Promise<{ url: string; close: () => void }> {
  const { perSecond, rows: wanted } = options;
  const dist = options.dist ?? fileURLToPath(new URL('../dist', import.meta.url));
  const random = seeded(7);
  const began = Date.now();
  let made = 0;
  const rows: Row[] = [];
  for (let index = 0; index < wanted; index++) rows.push(madeUpRow(random, made++, began - (wanted - index) * 80));
  const readers = new Set<ServerResponse>();

  const nowOf = (): Now => ({
    windowMs: 60_000,
    requests: perSecond * 60,
    requestsPerSecond: perSecond,
    failed: Math.round(perSecond * 0.6),
    recovered: perSecond * 5,
    rescued: Math.round(perSecond * 0.7),
    recoveredShare: 0.083,
    rescuedShare: 0.011,
    firstContentMs: { p50: 310, p99: 2_140 },
    totalMs: { p50: 2_300, p99: 9_400 },
    today: { requests: 9_120 + made, costUsd: '1.204000000', unknownCost: 12 },
    open: 4,
  });
  const activeOf = () =>
    [0, 1, 2].map((index) => ({
      id: `req_live${index}`,
      startedAt: Date.now() - 800 * (index + 1),
      requestedModel: '',
      protocol: 'openai-chat',
      mode: 'stream',
      target: CHAINS[0]?.targets[index] ?? null,
      attempts: index + 1,
      answering: index === 2,
      key: null,
    }));
  const snapshotOf = (): Snapshot => {
    const at = Date.now();
    const requests = rows.slice(-100).toReversed();
    return {
      at,
      intervalMs: INTERVAL_MS,
      workers: 1,
      now: nowOf(),
      chains: CHAINS,
      targets: madeUpTargets(at),
      edges: edgesOf(rows.slice(-perSecond * 60)),
      active: activeOf(),
      activeTotal: 3,
      requests,
    };
  };
  let owed = 0;
  const timer = setInterval(() => {
    owed += (perSecond * INTERVAL_MS) / 1_000;
    const fresh: Row[] = [];
    for (; owed >= 1; owed--) fresh.push(madeUpRow(random, made++, Date.now()));
    if (fresh.length === 0) return;
    rows.push(...fresh);
    if (rows.length > 20_000) rows.splice(0, rows.length - 10_000);
    const delta = {
      at: Date.now(),
      now: nowOf(),
      edges: edgesOf(fresh),
      active: activeOf(),
      activeTotal: 3,
      requests: fresh.slice(-250),
      omitted: Math.max(0, fresh.length - 250),
    };
    for (const reader of readers) reader.write(`event: delta\ndata: ${JSON.stringify(delta)}\n\n`);
  }, INTERVAL_MS);

  const api = (path: string, query: URLSearchParams): unknown => {
    if (path === '/api/session') return { csrf: 'c', session: null, admin: 'session', version: '0.1.0' };
    if (path === '/api/status')
      return {
        version: '0.1.0',
        startedAt: began - 7_300_000,
        now: Date.now(),
        uptimeMs: 0,
        ready: true,
        reason: null,
        openCalls: 3,
        workers: 1,
        config: null,
        ledger: true,
        content: false,
        keysRequired: false,
        simulated: true,
      };
    if (path !== '/api/requests') return options.more?.(path, query);
    const before = Number(query.get('before') ?? rows.length);
    const limit = Number(query.get('limit') ?? 100);
    const data = rows.slice(Math.max(0, before - limit), before).toReversed();
    return {
      data:
        query.get('rescued') === 'true'
          ? data.filter((row) => row.attempts > 1)
          : query.get('outcome') === 'failed'
            ? data.filter((row) => row.outcome === 'overloaded')
            : data,
      next: before - limit > 0 ? before - limit : null,
    };
  };

  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://localhost');
    if (url.pathname === '/api/live') {
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      res.write(`event: snapshot\ndata: ${JSON.stringify(snapshotOf())}\n\n`);
      readers.add(res);
      res.on('close', () => readers.delete(res));
      return;
    }
    if (url.pathname.startsWith('/api/')) {
      const answer = api(url.pathname, url.searchParams);
      res.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      res.end(
        JSON.stringify(answer ?? { error: { code: 'not_found', message: 'The made-up gateway has no such thing.' } }),
      );
      return;
    }
    void sendFile(dist, url.pathname, res);
  });
  await new Promise<void>((resolve) => void server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = (): void => {
    clearInterval(timer);
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

async function sendFile(dist: string, path: string, res: ServerResponse): Promise<void> {
  const name = extname(path) === '' ? '/index.html' : normalize(path);
  try {
    const content = await readFile(join(dist, name));
    res.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    });
    res.end(content);
  } catch {
    res.writeHead(404);
    res.end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startFakeGateway({ perSecond: Number(process.argv[2] ?? 8), rows: 10_000, port: 8790 });
  console.log(url);
}
