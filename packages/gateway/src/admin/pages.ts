import { hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { baseHeaders, sendText, type Exchange } from '../exchange.ts';

interface Page {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly br?: Buffer;
  readonly gzip?: Buffer;
  readonly cacheControl: string;
}

/** The built dashboard. */
export interface Pages {
  /**
   * Answers a file or, for a browser, a page. False: the address is neither. `otherwise`: it could have been a file, but
   * there is none.
   */
  answer(exchange: Exchange, path: string, otherwise: () => void): boolean;
}

/** The folder with the built dashboard; `undefined`: there is none. */
export type PagesFolder = string | (() => Promise<string | undefined>);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

const COMPRESSED = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);
const WORTH_BYTES = 1_024;

/** Everything comes from here, nothing runs that does not stand in a file, and no other page may frame it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE_HEADERS = [
  'content-security-policy', POLICY,
  'x-content-type-options', 'nosniff',
  'x-frame-options', 'DENY',
  'referrer-policy', 'no-referrer',
  'cross-origin-opener-policy', 'same-origin',
  'cross-origin-resource-policy', 'same-origin',
  'permissions-policy', 'camera=(), microphone=(), geolocation=()',
] as const; // prettier-ignore

/** Addresses of the dashboard's own router. */
const PAGE_PATHS = /^\/(?:requests(?:\/[^/]+)?|spend|config(?:\/.*)?|rehearse|playground|keys|pair)?$/;

/** Serves a folder that the dashboard was built into. It is looked for at the first look, and read again after a new build. */
export function createPages(place: PagesFolder): Pages {
  const isReady = typeof place === 'string';
  let folder: string | undefined = isReady ? place : undefined;
  let stamp = '';
  let files: ReadonlyMap<string, Page> = new Map();
  const look = (): void => {
    const index = folder === undefined ? undefined : statSync(join(folder, 'index.html'), { throwIfNoEntry: false });
    const seen = index === undefined ? '' : `${index.ino} ${index.mtimeMs}`;
    if (seen === stamp) return;
    stamp = seen;
    files = folder === undefined || seen === '' ? new Map() : readFolder(folder);
  };
  const send = (exchange: Exchange, path: string, isPage: boolean, otherwise: () => void): void => {
    look();
    const page = files.get(isPage ? '/index.html' : path);
    if (page !== undefined) return sendPage(exchange, page);
    if (!isPage) return otherwise();
    const headers = ['cache-control', 'no-store'];
    sendText(exchange, path === '/' ? 200 : 503, NOT_BUILT, headers, 'text/plain; charset=utf-8');
  };
  return {
    answer(exchange, path, otherwise) {
      const { req } = exchange;
      if (req.method !== 'GET' && req.method !== 'HEAD') return false;
      const isPage = PAGE_PATHS.test(path) && req.headers.accept?.includes('text/html') === true;
      if (!isPage && (path === '/' || !isFileName(path))) return false;
      if (isReady) send(exchange, path, isPage, otherwise);
      else {
        const found = (where?: string): void => {
          folder = where;
          send(exchange, path, isPage, otherwise);
        };
        place().then(found, () => found());
      }
      return true;
    },
  };
}

const NOT_BUILT =
  'The dashboard is not built; in the repository "npm run build:dashboard" builds it, then load this page again. The API answers as ever.\n';

function isFileName(path: string): boolean {
  return /^\/(?:assets\/)?[\w.-]+\.\w+$/.test(path);
}

function readFolder(folder: string): ReadonlyMap<string, Page> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = new Map<string, Page>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    files.set(`/${relative(folder, name).split(sep).join('/')}`, readPage(name, type, names));
  }
  return files;
}

function readPage(name: string, type: string, names: readonly string[]): Page {
  const plain = readFileSync(name);
  const isPacked = COMPRESSED.has(extname(name)) && plain.length >= WORTH_BYTES;
  const packed = (ending: string, pack: () => Buffer): Buffer | undefined =>
    names.includes(name + ending) ? readFileSync(name + ending) : isPacked ? pack() : undefined;
  return {
    type,
    plain,
    etag: `"${hash('sha256', plain, 'base64url').slice(0, 22)}"`,
    br: packed('.br', () => brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })),
    gzip: packed('.gz', () => gzipSync(plain)),
    // The names of what is built into `assets` change with their content.
    cacheControl: /[/\\]assets[/\\]/.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
}

function sendPage(exchange: Exchange, page: Page): void {
  const { req, res } = exchange;
  if (res.headersSent || res.destroyed) return;
  const headers = [
    ...baseHeaders(exchange),
    ...PAGE_HEADERS,
    'cache-control',
    page.cacheControl,
    'etag',
    page.etag,
    'vary',
    'accept-encoding',
  ];
  if (page.type.startsWith('text/html')) headers.push('vary', 'accept');
  if (req.headers['if-none-match']?.includes(page.etag) === true) {
    res.writeHead(304, headers);
    return void res.end();
  }
  const [encoding, body] = chosen(page, req.headers['accept-encoding']);
  if (encoding !== undefined) headers.push('content-encoding', encoding);
  headers.push('content-type', page.type, 'content-length', String(body.length));
  res.writeHead(200, headers);
  res.end(body);
}

function chosen(page: Page, accepted: string | string[] | undefined): readonly [string | undefined, Buffer] {
  const names = new Set(
    String(accepted ?? '')
      .split(',')
      .filter((one) => !/;\s*q=0(?:\.0*)?\s*$/.test(one))
      .map((one) => one.split(';')[0]?.trim().toLowerCase()),
  );
  if (page.br !== undefined && names.has('br')) return ['br', page.br];
  return page.gzip !== undefined && names.has('gzip') ? ['gzip', page.gzip] : [undefined, page.plain];
}
