import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { configToml, start, workspace } from './support.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const PROMPT = 'my private diary entry';

const attributesOf = ({ attributes }: Span): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

describe('tracing', () => {
  const posted: string[] = [];
  const collector = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      posted.push(text);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  let vendor: Simulator;
  let files: Awaited<ReturnType<typeof workspace>>;

  beforeAll(async () => {
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    vendor = await startSimulator({
      script: { rules: [{ match: { model: 'm1' }, behaviour: { error: 404 } }], defaults: { text: 'the answer' } },
    });
    const entries = {
      'custom.main': { uri: vendor.url, model: 'm1', api_key: 'planted-key-tracing', fallback: ['custom.spare'] },
      'custom.spare': { uri: vendor.url, model: 'm2', api_key: 'planted-key-tracing' },
    };
    files = await workspace({ 'standin.toml': configToml(entries, '[gateway]\nport = 0\ntracing = true') });
  });
  afterAll(async () => {
    collector.close();
    await Promise.all([vendor.close(), files.remove()]);
  });

  it("sends one span for a call and one for each attempt, in the caller's trace, which goes on to the vendor", async () => {
    const { port } = collector.address() as AddressInfo;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, STANDIN_HOME: files.path('home') };
    const server = start(['serve'], { cwd: files.dir, env });
    try {
      const url = /listening on (http:\S+)/.exec(await server.until('Routes:'))?.[1] ?? '';
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${PARENT}-01` },
        body: JSON.stringify({ model: 'm1', messages: [{ role: 'user', content: PROMPT }] }),
      });
      expect(response.status).toBe(200);
      await response.text();
      server.child.kill('SIGTERM');
      expect((await server.done).code).toBe(0);
    } finally {
      server.child.kill('SIGKILL');
      await server.done;
    }
    const documents = posted.map(
      (text) => JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] },
    );
    const spans = documents.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
    const call = spans.find(({ parentSpanId }) => parentSpanId === PARENT);
    const attempts = spans.filter(({ parentSpanId }) => parentSpanId === call?.spanId);
    expect(spans.length).toBe(3);
    expect(spans.every(({ traceId }) => traceId === TRACE)).toBe(true);
    expect(call).toMatchObject({ name: 'chat m1', kind: 2 });
    expect(call === undefined ? {} : attributesOf(call)).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm1',
      'gen_ai.response.model': 'm2',
      'standin.attempts': 2,
    });
    expect(attempts.map(({ name }) => name)).toEqual(['chat m1', 'chat m2']);
    expect(attempts[0]?.status.code).toBe(2);
    expect(attempts.map(attributesOf)).toMatchObject([
      { 'error.type': 'model-not-found', 'http.response.status_code': 404, 'server.port': vendor.port },
      { 'standin.entry': 'custom.spare', 'gen_ai.provider.name': 'custom' },
    ]);
    for (const { headers } of vendor.requests) expect(headers['traceparent']).toBe(`00-${TRACE}-${call?.spanId}-01`);
    expect(posted.join('')).not.toMatch(/planted-key|diary|the answer/);
    expect(posted.join('')).toContain('"service.name"');
  });
});
