import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

type Json = Record<string, unknown>;

export interface TestMcpServer {
  readonly url: string;
  /** Method of every message, in order; `tools/call` with the tool's name behind it. */
  readonly seen: string[];
  /** Headers of the newest request. */
  readonly headers: () => IncomingMessage['headers'];
}

/**
 * An MCP server over streamable HTTP in this process: `get-sum`, `echo`, and `wait`, which never answers. Quicker than
 * the public one, which other tests use.
 */
export async function startMcpServer(): Promise<TestMcpServer> {
  const seen: string[] = [];
  let headers: IncomingMessage['headers'] = {};
  const tool = (name: string): Json => ({ name, inputSchema: { type: 'object' } });
  const text = (value: string): Json => ({ content: [{ type: 'text', text: value }] });
  const answers: Record<string, (params: Json) => Json | undefined> = {
    initialize: ({ protocolVersion }) => ({
      protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'test', version: '0' },
    }),
    'tools/list': () => ({ tools: ['get-sum', 'echo', 'wait'].map(tool) }),
    'tools/call': ({ name, arguments: args }) => {
      const { a, b, message } = args as Record<string, unknown>;
      if (name === 'wait') return undefined;
      return text(
        name === 'echo'
          ? `Echo: ${String(message)}`
          : `The sum of ${Number(a)} and ${Number(b)} is ${Number(a) + Number(b)}.`,
      );
    },
  };
  const server = createServer((req, res) => {
    headers = req.headers;
    if (req.method !== 'POST') return void res.writeHead(405).end();
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      const { id, method, params = {} } = JSON.parse(body) as { id?: number; method: string; params?: Json };
      seen.push(method === 'tools/call' ? `${method} ${String(params['name'])}` : method);
      if (id === undefined) return void res.writeHead(202).end();
      const result = answers[method]?.(params);
      if (result === undefined && method === 'tools/call') return;
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(
        JSON.stringify({
          jsonrpc: '2.0',
          id,
          ...(result === undefined ? { error: { code: -32601, message: 'no' } } : { result }),
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, seen, headers: () => headers };
}
