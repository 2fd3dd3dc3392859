import type { IncomingMessage } from 'node:http';
import { BodyPieces } from '@standin/core/transport/body-pieces';
import type { BodySink, BodySource } from '@standin/core/transport/transport';

/**
 * Reads a body that will be passed on: whole up to `keepBytes`, so that it can be sent again to another key; what is
 * larger goes up while it comes in, at the pace at which the vendor takes it. `done` is not called when the caller leaves.
 */
export function takeBody(req: IncomingMessage, keepBytes: number, done: (body: Buffer | BodySource) => void): void {
  const declared = req.headers['content-length'];
  const length = declared === undefined ? undefined : Number(declared);
  const pieces = new BodyPieces(true);
  const release = (): void => {
    req.off('data', onData);
    req.off('end', onEnd);
  };
  const stream = (): void => {
    release();
    req.pause();
    done(sourceOf(req, pieces.whole(), length));
  };
  const onData = (piece: Buffer): void => {
    pieces.push(piece);
    if (pieces.size > keepBytes) stream();
  };
  const onEnd = (): void => {
    release();
    done(pieces.whole());
  };
  if (length !== undefined && length > keepBytes) return stream();
  req.on('data', onData);
  req.on('end', onEnd);
}

function sourceOf(req: IncomingMessage, begun: Buffer, lengthBytes: number | undefined): BodySource {
  return {
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
    start(sink: BodySink) {
      const onData = (chunk: Buffer): void => {
        if (!sink.write(chunk)) req.pause();
      };
      const onEnd = (): void => sink.end();
      sink.onDrain(() => req.resume());
      const free = begun.length === 0 || sink.write(begun);
      req.on('data', onData);
      req.on('end', onEnd);
      if (free) req.resume();
      else req.pause();
      return () => {
        req.off('data', onData);
        req.off('end', onEnd);
        // What nobody wants any more is read past, so that the caller gets to read the answer.
        req.resume();
      };
    },
  };
}
