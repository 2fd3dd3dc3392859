import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bedrockFailure } from './bedrock-failures.ts';
import type { AnyWireServer } from './call.ts';
import { ownFailure, type CallerFailure } from './caller-errors.ts';

type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

export interface Malformed {
  /** An answer to what could not be read as a request: in the protocol of its path, as far as that can be seen. */
  readonly refuse: (error: ParseError, socket: Socket) => void;
}

/**
 * What never becomes a request that is handled: bytes that are no HTTP, headers without end, a tunnel. Node would answer
 * some of these without a body, and say nothing to others.
 */
export function answerMalformed(
  server: Server,
  dialectOfPath: (path: string) => AnyWireServer,
  newId: () => string,
): Malformed {
  const send = (socket: Duplex, path: string, failure: CallerFailure): void => {
    const dialect = dialectOfPath(path);
    const own = dialect.id === 'bedrock-converse' ? bedrockFailure(failure) : failure;
    const requestId = `req_${newId()}`;
    const body = JSON.stringify(dialect.encodeError({ ...own.error, requestId }));
    const { status } = own.error;
    const more: string[] = [];
    for (let at = 0; at + 1 < own.headers.length; at += 2) more.push(`${own.headers[at]}: ${own.headers[at + 1]}\r\n`);
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nx-request-id: ${requestId}\r\n${more.join('')}content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  };
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => {});
    send(socket, '', ownFailure(405, 'method_not_allowed', 'This is no proxy: CONNECT is not answered.'));
  });
  return {
    refuse(error, socket) {
      // As Node does: an answer that has begun cannot be taken back, and nobody reads one after a reset.
      const { _httpMessage: begun } = socket as Socket & { readonly _httpMessage?: { readonly headersSent: boolean } };
      if (error.code === 'ECONNRESET' || !socket.writable || begun?.headersSent === true)
        return void socket.destroy(error);
      const { status, code, message } = meaningOf(error);
      send(socket, pathIn(error.rawPacket), ownFailure(status, code, message));
    },
  };
}

function meaningOf({ code }: ParseError): { readonly status: number; readonly code: string; readonly message: string } {
  if (code === 'HPE_HEADER_OVERFLOW')
    return { status: 431, code: 'headers_too_large', message: 'The headers are larger than 64 KB together.' };
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return { status: 413, code: 'request_too_large', message: 'The chunk extensions of the body are too large.' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: 408, code: 'request_timeout', message: 'The request did not come in time.' };
  return { status: 400, code: 'invalid_http', message: 'This is no valid HTTP/1.1 request.' };
}

/** What stands where a request line has its target. */
function pathIn(packet: Buffer | undefined): string {
  const line = packet?.toString('latin1', 0, 2_048) ?? '';
  return /^[!-~]{1,20} (\/[!-~]*)/.exec(line)?.[1]?.split('?')[0] ?? '';
}
