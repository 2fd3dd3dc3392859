import type { IncomingMessage } from 'node:http';
import type { Clock } from '@standin/core/spec/index';
import { credentialOf, type MutableRecord } from './records.ts';

const MOST_BODY_BYTES = 64 * 1024 * 1024;

/** Reads one request to its end, as the beginning of its record. Throws for a body over 64 MiB. */
export async function readRequest(request: IncomingMessage, clock: Clock): Promise<MutableRecord> {
  const receivedAt = clock.now();
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BODY_BYTES) throw new Error(`Request body is larger than ${MOST_BODY_BYTES} bytes.`);
    parts.push(part);
  }
  const rawBody = Buffer.concat(parts).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://simulator');
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = (values ?? []).join(', ');
  const query = Object.fromEntries(url.searchParams);
  const start = {
    receivedAt,
    firstByteAt: undefined,
    finishedAt: undefined,
    callerLeftAt: undefined,
    status: undefined,
  };
  return {
    sequence: 0,
    method: request.method ?? '',
    path: url.pathname,
    query,
    headers,
    ...credentialOf(headers, query),
    wire: undefined,
    model: undefined,
    stream: false,
    body: parseJson(rawBody),
    rawBody,
    behaviour: {},
    chosenBy: 'default',
    ...start,
    bytesSent: 0,
    eventsSent: 0,
    textSent: '',
    reasoningSent: '',
    toolSent: '',
    outcome: 'pending',
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
