import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configToml, run, workspace } from './support.ts';

const KEY = 'planted-azure-key-0123456789';
const PASS = { filtered: false, severity: 'safe' };

/** A stream as Azure writes it: the prompt's filter results first, without a choice, and the answer's own at the end. */
const CHUNKS = [
  {
    choices: [],
    created: 0,
    id: '',
    model: '',
    object: '',
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: PASS } }],
  },
  {
    choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    id: 'c-1',
    model: 'gpt-4o-2024',
  },
  {
    choices: [{ index: 0, delta: { content: 'Grüße' }, finish_reason: null, content_filter_results: { hate: PASS } }],
    id: 'c-1',
  },
  {
    choices: [{ index: 0, content_filter_results: { hate: PASS }, content_filter_offsets: { start_offset: 0 } }],
    id: '',
  },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], id: 'c-1' },
  { choices: [{ index: 0, content_filter_results: { hate: PASS }, finish_reason: null }], id: '' },
];
const BLOCKED = {
  error: {
    message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    code: 'content_filter',
    status: 400,
    innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { hate: { filtered: true } } },
  },
};

interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

let server: Server;
let files: Awaited<ReturnType<typeof workspace>>;
let answer: { readonly status: number; readonly body: string };
const asked: Asked[] = [];

const sse = (chunks: readonly unknown[]): string =>
  `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    request.resume().on('end', () => {
      const type = answer.status === 200 ? 'text/event-stream' : 'application/json';
      response.writeHead(answer.status, { 'content-type': type, 'apim-request-id': 'req-1' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  files = await workspace({
    'standin.toml': configToml(
      {
        'azure.deployed': { uri, deployment: 'my gpt', api_version: '2025-01-01', model: 'gpt-4o', api_key: KEY },
        'azure.plain': { uri: `${uri}/openai/v1`, model: 'my-deployment', api_key: KEY },
      },
      '[reliability]\nprovider_retries = 0',
    ),
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await files.remove();
});
beforeEach(() => {
  asked.length = 0;
  answer = { status: 200, body: sse(CHUNKS) };
});

const agent = (...args: readonly string[]) => run(['agent', '-m', 'hi', ...args], { cwd: files.dir });

describe('an entry on Azure', () => {
  it('asks its deployment with the key in the header Azure wants, and reads the answer between filter results', async () => {
    expect(await agent('--stream')).toEqual({ code: 0, signal: null, stdout: 'Grüße\n', stderr: '' });
    expect(asked[0]?.url).toBe('/openai/deployments/my%20gpt/chat/completions?api-version=2025-01-01');
    expect(asked[0]?.headers).toMatchObject({ 'api-key': KEY });
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
  });

  it('asks the /openai/v1 surface without a version', async () => {
    const { stdout } = await agent('--stream', '--provider', 'azure.plain');
    expect(stdout).toBe('Grüße\n');
    expect(asked[0]?.url).toBe('/openai/v1/chat/completions');
  });

  it('says that the prompt was refused', async () => {
    answer = { status: 400, body: JSON.stringify(BLOCKED) };
    const { code, stderr, stdout } = await agent('--stream');
    expect([code === 0, stdout]).toEqual([false, '']);
    expect(stderr).toMatch(/content.policy|content management policy/i);
    expect(stderr).not.toContain(KEY);
  });

  it('says that the deployment is not there', async () => {
    const error = { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' };
    answer = { status: 404, body: JSON.stringify({ error }) };
    expect((await agent('--stream')).stderr).toMatch(/deployment/i);
  });
});
