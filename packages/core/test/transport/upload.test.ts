import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import type { BodySink, BodySource } from '../../src/transport/transport.ts';
import { run, until } from './raw-server.ts';

async function serving(answer: (req: IncomingMessage, res: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const transport = createHttpTransport();
  onTestFinished(async () => {
    transport.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { transport, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/up` };
}

/** A source that the test writes to, once it was started. */
function source(lengthBytes?: number) {
  const held: { sink?: BodySink; stopped: number } = { stopped: 0 };
  const body: BodySource = {
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
    start(sink) {
      held.sink = sink;
      return () => (held.stopped += 1);
    },
  };
  return { body, held };
}

const echo = (req: IncomingMessage, res: ServerResponse): void => {
  const parts: Buffer[] = [];
  req.on('data', (chunk: Buffer) => parts.push(chunk));
  req.on('end', () => {
    res.setHeader('x-framing', String(req.headers['content-length'] ?? req.headers['transfer-encoding']));
    res.end(Buffer.concat(parts));
  });
};

describe('a body that is sent while it comes in', () => {
  it.each([
    [undefined, 'chunked'],
    [9, '9'],
  ])('arrives whole, announced as %s', async (length, framing) => {
    const { transport, url } = await serving(echo);
    const { body, held } = source(length);
    const answer = run(transport, { url, upload: body });
    await until(() => held.sink !== undefined, 'started');
    held.sink?.write(Buffer.from('one '));
    held.sink?.write(Buffer.alloc(0));
    held.sink?.write(Buffer.from('two 3'));
    held.sink?.end();
    const { head, body: back, error } = await answer;
    expect(error).toBeUndefined();
    expect(back.toString()).toBe('one two 3');
    expect(head?.headers['x-framing']).toBe(framing);
    // The connection is as good as new.
    const next = await run(transport, { url, body: 'again' });
    expect(next.body.toString()).toBe('again');
  });

  it('tells when there is room again', async () => {
    let req: IncomingMessage | undefined;
    const { transport, url } = await serving((incoming, res) => {
      req = incoming;
      incoming.on('end', () => res.end('done'));
    });
    const { body, held } = source();
    const answer = run(transport, { url, upload: body });
    await until(() => held.sink !== undefined, 'started');
    const block = Buffer.alloc(1024 * 1024);
    let full = false;
    for (let at = 0; at < 64 && !full; at++) full = held.sink?.write(block) === false;
    expect(full).toBe(true);
    let drained = false;
    held.sink?.onDrain(() => (drained = true));
    await until(() => req !== undefined, 'arrived');
    req?.resume();
    await until(() => drained, 'drained');
    held.sink?.end();
    expect((await answer).body.toString()).toBe('done');
  });

  it('is stopped by an early answer, whose connection serves nobody else', async () => {
    let connections = 0;
    const { transport, url, server } = await serving((req, res) => {
      if (req.headers['transfer-encoding'] === undefined) return void res.end('plain');
      res.writeHead(413);
      res.end('too much');
    });
    server.on('connection', () => (connections += 1));
    const { body, held } = source();
    const answer = await run(transport, { url, upload: body });
    expect(answer.head?.status).toBe(413);
    expect(held.stopped).toBe(1);
    held.sink?.write(Buffer.from('late'));
    expect((await run(transport, { url, body: 'x' })).body.toString()).toBe('plain');
    expect(connections).toBe(2);
  });

  it.each([
    ['less', 'abc'],
    ['more', 'abcdefghijk'],
  ])('that turns out %s than announced breaks the connection', async (_what, text) => {
    const { transport, url } = await serving(echo);
    const { body, held } = source(5);
    const answer = run(transport, { url, upload: body });
    await until(() => held.sink !== undefined, 'started');
    held.sink?.write(Buffer.from(text));
    held.sink?.end();
    expect((await answer).error?.code).toBeDefined();
  });
});
