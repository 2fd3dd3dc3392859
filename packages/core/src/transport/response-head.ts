/** The answer breaks HTTP/1.1; the message says how, without quoting more than a few characters. */
export class HttpSyntaxError extends Error {}

export interface ParsedHead {
  readonly status: number;
  /** Minor version: 0 or 1. */
  readonly minor: number;
  /** Lower-case names, null prototype; repeated headers joined with `, `. */
  readonly headers: Record<string, string>;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Everything below space except tab, CR and LF, plus DEL.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Reads a head given as latin1 text without the empty line at its end. Throws `HttpSyntaxError`. */
export function parseResponseHead(text: string): ParsedHead {
  if (CONTROL.test(text)) throw new HttpSyntaxError('control character in the response head');
  let end = lineEnd(text, 0);
  const statusLine = STATUS_LINE.exec(text.slice(0, end));
  if (statusLine === null) throw new HttpSyntaxError(`bad status line ${excerpt(text.slice(0, end))}`);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  let name = '';
  for (let at = end + 2; at < text.length; at = end + 2) {
    end = lineEnd(text, at);
    const first = text.charCodeAt(at);
    if (first === 0x20 || first === 0x09) {
      // RFC 9112 §5.2: a folded line continues the value before it.
      if (name === '') throw new HttpSyntaxError('folded line before the first header');
      headers[name] = `${headers[name]} ${text.slice(at, end).trim()}`.trim();
      continue;
    }
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon >= end)
      throw new HttpSyntaxError(`header line without colon ${excerpt(text.slice(at, end))}`);
    name = headerName(text.slice(at, colon));
    const value = trimmed(text, colon + 1, end);
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { status: Number(statusLine[2]), minor: Number(statusLine[1]), headers };
}

function lineEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  const carriage = text.indexOf('\r', from);
  if (feed < 0 && carriage < 0) return text.length;
  if (feed !== carriage + 1 || carriage < 0) throw new HttpSyntaxError('line of the response head not ended by CRLF');
  return carriage;
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const KNOWN_NAMES_MAX = 512;
const knownNames = new Map<string, string>();

function headerName(raw: string): string {
  const known = knownNames.get(raw);
  if (known !== undefined) return known;
  if (!TOKEN.test(raw)) throw new HttpSyntaxError(`bad header name ${excerpt(raw)}`);
  const lower = raw.toLowerCase();
  // A copy, because a slice would keep the whole head alive.
  if (knownNames.size < KNOWN_NAMES_MAX && raw.length <= 64) {
    knownNames.set(Buffer.from(raw, 'latin1').toString('latin1'), lower);
  }
  return lower;
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** How the body of an answer is delimited (RFC 9112 §6.3): a length in bytes, `chunked`, or `close`. */
export function bodyFraming(head: ParsedHead, toHeadRequest: boolean): number | 'chunked' | 'close' {
  const { status, headers } = head;
  if (toHeadRequest || status < 200 || status === 204 || status === 304) return 0;
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (coding !== undefined) {
    if (length !== undefined) throw new HttpSyntaxError('both content-length and transfer-encoding');
    if (head.minor === 0) throw new HttpSyntaxError('transfer-encoding in an HTTP/1.0 answer');
    if (coding.toLowerCase() !== 'chunked') throw new HttpSyntaxError(`transfer-encoding ${excerpt(coding)}`);
    return 'chunked';
  }
  if (length === undefined) return 'close';
  return contentLength(length);
}

const LENGTH = /^[0-9]{1,15}$/;

function contentLength(value: string): number {
  if (LENGTH.test(value)) return Number(value);
  const parts = value.split(',').map((part) => part.trim());
  const first = parts[0] ?? '';
  if (!LENGTH.test(first)) throw new HttpSyntaxError(`content-length ${excerpt(value)}`);
  if (parts.some((part) => part !== first)) throw new HttpSyntaxError('content-length headers that differ');
  return Number(first);
}

/** Whether the connection may serve another request after this answer. */
export function keepsAlive(head: ParsedHead): boolean {
  const connection = head.headers['connection'];
  if (connection === undefined) return head.minor === 1;
  const tokens = connection
    .toLowerCase()
    .split(',')
    .map((token) => token.trim());
  return !tokens.includes('close') && (head.minor === 1 || tokens.includes('keep-alive'));
}

/** `Keep-Alive: timeout=5` in milliseconds, when the server tells. */
export function keepAliveHintMs(head: ParsedHead): number | undefined {
  const seconds = /(?:^|[,;\s])timeout\s*=\s*"?([0-9]{1,9})/i.exec(head.headers['keep-alive'] ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
