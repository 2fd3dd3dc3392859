/** The reference: a byte pipe of node:http on both sides, keep-alive towards the vendor. `pipe-worker.ts PORT` prints its port. */
import type { Server } from 'node:net';
import { Agent, createServer, request } from 'node:http';

const port = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 1024 });
createServer({ noDelay: true }, (incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const upstream = request({ host: '127.0.0.1', port, method, path: url, headers, agent }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}).listen(0, '127.0.0.1', function listening(this: Server) {
  const address = this.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
