import { connect } from 'node:net';
import { isError, shapesAt } from '../helpers/error-shape.ts';
import { makeRequest, type RawRequest } from './http-requests.ts';
import { seededRandom } from '../../../core/test/testkit/fuzz/mutations.ts';

export interface HttpFinding {
  readonly caseNumber: number;
  readonly what: string;
  readonly request: string;
  readonly answer: string;
}

export interface HttpFuzzReport {
  readonly cases: number;
  /** Answers by status; `none`: the connection was closed without one. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly findings: readonly HttpFinding[];
}

const SILENCE_MS = 5_000;
const LANES = 16;

/**
 * Sends requests of every kind of damage over raw sockets. A finding is: a 500, an answer that is no HTTP, has no
 * `x-request-id` or, where it is an error, not the form of its path's protocol; no answer to a request that was whole.
 * The same seed sends the same.
 */
export async function fuzzHttp(options: {
  readonly port: number;
  readonly cases: number;
  readonly seed: number;
}): Promise<HttpFuzzReport> {
  const { port, cases, seed } = options;
  const statuses: Record<string, number> = {};
  const findings: HttpFinding[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < cases; at = next++) {
      const request = makeRequest(seededRandom(seed * 1_000_003 + at));
      const answer = await exchangeOf(port, request);
      const head = headOf(answer);
      statuses[head?.status ?? 'none'] = (statuses[head?.status ?? 'none'] ?? 0) + 1;
      const what = problemOf(request, answer, head);
      if (what === undefined) continue;
      const shown = (text: string): string => text.slice(0, 1_500);
      findings.push({ caseNumber: at, what, request: shown(request.bytes.toString('latin1')), answer: shown(answer) });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { cases, statuses, findings };
}

interface Head {
  readonly status: string;
  readonly headers: Map<string, string>;
  readonly body: string;
}

function headOf(answer: string): Head | undefined {
  // An interim answer is none.
  const text = answer.replace(/^(?:HTTP\/1\.1 1\d\d [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)+/, '');
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, Math.max(0, end)).split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map(
    lines.map((one): [string, string] => [
      one.slice(0, one.indexOf(':')).toLowerCase(),
      one.slice(one.indexOf(':') + 1).trim(),
    ]),
  );
  const length = Number(headers.get('content-length') ?? Infinity);
  return { status, headers, body: text.slice(end + 4, end + 4 + length) };
}

function problemOf(request: RawRequest, answer: string, head: Head | undefined): string | undefined {
  if (head === undefined) {
    // Whoever opens as HTTP/2 is answered in it.
    if (answer !== '' && !request.bytes.includes('PRI * HTTP/2.0')) return 'what came back is no HTTP/1.1';
    return request.isWhole ? 'no answer' : undefined;
  }
  const { status, headers, body } = head;
  if (status === '500') return 'a 500';
  if (!headers.has('x-request-id') && status !== '204') return 'no x-request-id';
  // What is passed on as it came is refused in the vendor's own words.
  const shapes = shapesAt(request.path ?? '');
  const isVendors = headers.has('x-standin-provider') && shapes.length > 1;
  if (Number(status) < 400 || request.method === 'HEAD' || isVendors) return undefined;
  if (headers.get('content-type')?.startsWith('application/json') !== true)
    return `an error of ${headers.get('content-type')}`;
  return isError(body, shapes, headers) ? undefined : 'an error that has not the form of its protocol';
}

/** All that comes back: to the end of one answer, or of the connection. */
function exchangeOf(port: number, request: RawRequest): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const pieces: Buffer[] = [];
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(pieces).toString('latin1'));
    };
    const timer = setTimeout(done, SILENCE_MS);
    socket.on('error', done);
    socket.on('close', done);
    socket.on('data', (data) => {
      pieces.push(data);
      if (isComplete(Buffer.concat(pieces).toString('latin1'), request.method)) done();
    });
    let at = 0;
    const write = (): void => {
      for (const size of request.writes) {
        if (at >= request.bytes.length) break;
        socket.write(request.bytes.subarray(at, at + size));
        at += size;
      }
      if (at < request.bytes.length) socket.write(request.bytes.subarray(at));
      // Nothing more comes: whoever waits for the rest must let go.
      if (!request.isWhole) socket.end();
    };
    socket.on('connect', write);
  });
}

function isComplete(answer: string, method: string): boolean {
  const head = headOf(answer);
  if (head === undefined) return false;
  const { status, headers, body } = head;
  if (method === 'HEAD' || status === '204' || status === '304') return true;
  const length = headers.get('content-length');
  if (length !== undefined) return body.length >= Number(length);
  // A stream that never ends has begun.
  return body.endsWith('0\r\n\r\n') || (headers.get('content-type') === 'text/event-stream' && body !== '');
}
