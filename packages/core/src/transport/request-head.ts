import type { Socket } from 'node:net';
import { TransportError } from './transport.ts';

/** Framing and the connection are the transport's own business; the same names from a caller are left out. */
const OWN_HEADERS = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// oxlint-disable-next-line no-control-regex
const NOT_IN_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const ONE_WRITE_BYTES = 16_384;

const blocks = new WeakMap<object, string>();

/**
 * The header lines of a request, each ended by CRLF. Blocks of frozen objects are kept, so an endpoint's headers are
 * checked and joined once. Throws `TransportError` `BAD_HEADER`, which names the header and never its value.
 */
export function headerBlock(headers: Readonly<Record<string, string>>): string {
  const frozen = Object.isFrozen(headers);
  if (frozen) {
    const known = blocks.get(headers);
    if (known !== undefined) return known;
  }
  let block = '';
  let encodingNamed = false;
  for (const name of Object.keys(headers)) {
    const lower = checkedName(name);
    if (OWN_HEADERS.has(lower)) continue;
    if (lower === 'accept-encoding') encodingNamed = true;
    block += `${lower}: ${checkedValue(lower, headers[name])}\r\n`;
  }
  if (!encodingNamed) block += 'accept-encoding: identity\r\n';
  if (frozen) blocks.set(headers, block);
  return block;
}

const KNOWN_NAMES_MAX = 512;
const knownNames = new Map<string, string>();

function checkedName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (!TOKEN.test(name)) {
    throw new TransportError(
      `header name ${JSON.stringify(name.slice(0, 40))} is not allowed`,
      'BAD_HEADER',
      'connect',
    );
  }
  const lower = name.toLowerCase();
  if (knownNames.size < KNOWN_NAMES_MAX) knownNames.set(name, lower);
  return lower;
}

function checkedValue(name: string, value: unknown): string {
  if (typeof value === 'string' && !NOT_IN_A_VALUE.test(value)) return value;
  const reason =
    typeof value === 'string'
      ? 'holds a line break, a control character or a character outside Latin-1; check the key or setting it comes from'
      : 'has no text value';
  throw new TransportError(`header ${name} ${reason}`, 'BAD_HEADER', 'connect');
}

/** `start` is the request line and the transport's own headers, `block` the caller's. One write up to 16 KB. */
export function writeRequest(
  socket: Socket,
  start: string,
  block: string,
  method: string,
  body: string | Uint8Array | undefined,
): void {
  if (body === undefined || body.length === 0) {
    const none = method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS';
    socket.write(none ? `${start}${block}\r\n` : `${start}${block}content-length: 0\r\n\r\n`, 'latin1');
    return;
  }
  if (typeof body === 'string' && body.length > ONE_WRITE_BYTES)
    return writeRequest(socket, start, block, method, encoded(body));
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  const head = `${start}${block}content-length: ${bodyBytes}\r\n\r\n`;
  const inOneWrite = head.length + bodyBytes <= ONE_WRITE_BYTES;
  if (typeof body === 'string' && bodyBytes === body.length && inOneWrite) {
    // As many bytes as characters: plain ASCII, which latin1 writes fastest.
    socket.write(head + body, 'latin1');
  } else if (inOneWrite) {
    const all = Buffer.allocUnsafe(head.length + bodyBytes);
    all.write(head, 0, 'latin1');
    if (typeof body === 'string') all.write(body, head.length, 'utf8');
    else all.set(body, head.length);
    socket.write(all);
  } else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }
}

const encoder = new TextEncoder();

/** A long text is seldom anything but ASCII; trying that costs less than counting its bytes first. */
function encoded(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(text.length);
  return encoder.encodeInto(text, bytes).read === text.length ? bytes : Buffer.from(text);
}
