import type { ServerResponse } from 'node:http';

/** What goes out to a caller, kept beside. */
export interface Tape {
  /** The body so far; `undefined`: it grew beyond the bound. */
  body(): Buffer | undefined;
}

/** Keeps the body of one answer, up to a bound. Only this response is listened to; others cost nothing. */
export function recordBody(res: ServerResponse, mostBytes: number): Tape {
  let chunks: Buffer[] | undefined = [];
  let bytes = 0;
  const take = (chunk: unknown, encoding: unknown): void => {
    if (chunks === undefined || chunk === undefined || chunk === null || typeof chunk === 'function') return;
    const piece =
      typeof chunk === 'string'
        ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
        : Buffer.from(chunk as Uint8Array);
    bytes += piece.byteLength;
    if (bytes > mostBytes) chunks = undefined;
    else chunks.push(piece);
  };
  const write = res.write.bind(res) as (...args: unknown[]) => boolean;
  const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse;
  res.write = (...args: unknown[]): boolean => {
    take(args[0], args[1]);
    return write(...args);
  };
  res.end = (...args: unknown[]): ServerResponse => {
    take(args[0], args[1]);
    return end(...args);
  };
  return { body: () => (chunks === undefined ? undefined : Buffer.concat(chunks, bytes)) };
}
