/** A vendor as cheap as node:http can make it, in a process of its own: prints its port. */
import type { Server } from 'node:net';
import { createServer } from 'node:http';

const EVENTS = Number(process.argv[2] ?? 2000);
const PER_WRITE = 32;
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'mock', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const burst = Buffer.from(chunk({ content: ' word' }, null).repeat(PER_WRITE));
const whole = Buffer.from(
  JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'mock',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello from the mock.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
  }),
);
createServer({ noDelay: true }, (request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (!Buffer.concat(parts).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
      response.end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ role: 'assistant', content: '' }, null));
    let left = EVENTS;
    const more = (): void => {
      while (left > 0) {
        const count = Math.min(PER_WRITE, left);
        left -= count;
        const ok = response.write(count === PER_WRITE ? burst : chunk({ content: ' word' }, null).repeat(count));
        if (!ok) return void response.once('drain', more);
      }
      response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    };
    more();
  });
}).listen(0, '127.0.0.1', function listening(this: Server) {
  const address = this.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
