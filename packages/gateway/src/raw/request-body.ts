import type { IncomingMessage } from 'node:http';
import type { BodySink, BodySource } from '@standin/core/transport/transport';

/**
 * Reads a body that will be passed on: whole up to `keepBytes`, so that it can be sent again to another key; what is
 * larger goes up while it comes in, at the pace at which the vendor takes it. `done` is not called when the caller leaves.
 */
export function takeBody(req: IncomingMessage, keepBytes: number, done: (body: Buffer | BodySource) => void): void {
  const declared = req.headers['content-length'];
  const length = declared === undefined ? undefined : Number(declared);
  const chunks: Buffer[] = [];
  let size = 0;
  const release = (): void => {
    req.off('data', onData);
    req.off('end', onEnd);
  };
  const stream = (): void => {
    release();
    req.pause();
    done(sourceOf(req, chunks, length));
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > keepBytes) stream();
  };
  const onEnd = (): void => {
    release();
    done(Buffer.concat(chunks, size));
  };
  if (length !== undefined && length > keepBytes) return stream();
  req.on('data', onData);
  req.on('end', onEnd);
}

function sourceOf(req: IncomingMessage, begun: readonly Buffer[], lengthBytes: number | undefined): BodySource {
  return {
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
    start(sink: BodySink) {
      const onData = (chunk: Buffer): void => {
        if (!sink.write(chunk)) req.pause();
      };
      const onEnd = (): void => sink.end();
      sink.onDrain(() => req.resume());
      let free = true;
      for (const chunk of begun) free = sink.write(chunk);
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
