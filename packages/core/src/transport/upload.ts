import type { Socket } from 'node:net';
import type { BodySource } from './transport.ts';

const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = '0\r\n\r\n';

/**
 * Writes a request whose body is still coming in. `onEnd` runs when the body is complete. The answer stops it: from then
 * on the source's writes go nowhere.
 */
export function startUpload(socket: Socket, head: string, source: BodySource, onEnd: () => void): () => void {
  const { lengthBytes } = source;
  const framing = lengthBytes === undefined ? 'transfer-encoding: chunked' : `content-length: ${lengthBytes}`;
  let left = lengthBytes ?? Number.POSITIVE_INFINITY;
  let over = false;
  let drained: (() => void) | undefined;
  const onDrain = (): void => drained?.();
  socket.on('drain', onDrain);
  socket.write(`${head}${framing}\r\n\r\n`, 'latin1');
  const leave = (): void => {
    over = true;
    socket.off('drain', onDrain);
  };
  const stopSource = source.start({
    write(chunk) {
      if (over || chunk.byteLength === 0) return true;
      if (lengthBytes === undefined) {
        socket.cork();
        socket.write(`${chunk.byteLength.toString(16)}\r\n`, 'latin1');
        socket.write(chunk);
        const more = socket.write(CRLF);
        socket.uncork();
        return more;
      }
      left -= chunk.byteLength;
      // More than was announced would be read as the next request.
      if (left < 0) {
        leave();
        socket.destroy();
        return true;
      }
      return socket.write(chunk);
    },
    onDrain(run) {
      drained = run;
    },
    end() {
      if (over) return;
      leave();
      if (lengthBytes === undefined) socket.write(LAST_CHUNK, 'latin1');
      // Fewer bytes than announced: the server would wait for the rest.
      else if (left > 0) return void socket.destroy();
      onEnd();
    },
  });
  return () => {
    if (!over) leave();
    stopSource();
  };
}
