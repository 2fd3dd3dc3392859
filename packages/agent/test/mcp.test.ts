import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { loadConfig } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import type { Standin } from '@standin/core/library/standin-types';
import { connectMcp, parseServers, runAgent, type McpTools } from '@standin/agent';
import { finish } from './support.ts';

const require = createRequire(import.meta.url);
const server = (name: string) => require.resolve(`@modelcontextprotocol/server-${name}/dist/index.js`);

const dir = mkdtempSync(join(tmpdir(), 'standin-mcp-'));
let mcp: McpTools;
let vendor: Simulator;
let standin: Standin;

/** Three protocols with tools of their own, one model without. */
const ENTRIES = ['custom.native', 'anthropic.native', 'ollama.native', 'custom.guided'];

beforeAll(async () => {
  writeFileSync(join(dir, 'note.txt'), 'the cellar key hangs behind the clock');
  const tools = {
    mcpServers: {
      everything: { command: process.execPath, args: [server('everything'), 'stdio'] },
      files: { command: process.execPath, args: [server('filesystem'), '${PLACE}'] },
      gone: { command: join(dir, 'no-such-program') },
    },
  };
  mcp = await connectMcp(parseServers(tools, 'tools.json', { PLACE: dir }), { version: '0' });
  vendor = await startSimulator();
  const file = join(dir, 'standin.toml');
  const entry = (ref: string) => {
    const uri = ref.startsWith('custom') ? `${vendor.url}/v1` : vendor.url;
    return `[providers.models.${ref}]\nuri = "${uri}"\napi_key = "sk-x"\nmodel = "m"\nvision = true\n${ref.endsWith('guided') ? 'native_tools = false\n' : ''}`;
  };
  writeFileSync(file, `schema_version = 3\n[reliability]\nprovider_backoff_ms = 1\n${ENTRIES.map(entry).join('')}`);
  standin = await createStandin({ config: loadConfig({ configPath: file, env: {} }), env: {} });
}, 60_000);

afterAll(async () => {
  await mcp.close();
  await vendor.close();
  standin.close();
  rmSync(dir, { recursive: true });
});

describe('the public MCP servers', () => {
  it('offer their tools; one that cannot be started is told and left out', () => {
    const names = mcp.tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['echo', 'get-sum', 'read_text_file']));
    expect(mcp.problems).toEqual([expect.stringContaining('"gone"')]);
  });

  const path = join(dir, 'note.txt');
  const cases = ENTRIES.flatMap((ref) =>
    [[], ['429-afterms5'], ['reset', 'unavailable']].map((faults) => [ref, faults] as const),
  );

  it.each(cases)('are used over %s, with %j before the call and before the answer', async (ref, faults) => {
    const call = { name: 'read_text_file', arguments: { path } };
    const guided = ref.endsWith('guided');
    const calling = guided
      ? { text: `I look.\n<tool_call>${JSON.stringify({ name: call.name, arguments: call.arguments })}</tool_call>` }
      : { toolCalls: [call] };
    const fails = faults.map((behaviour) => ({ behaviour, times: 1 }));
    vendor.setScript({
      rules: [
        ...fails,
        { behaviour: calling, times: 1 },
        ...fails.map((rule) => ({ ...rule })),
        { behaviour: { text: 'It hangs there.' } },
      ],
    });
    vendor.reset();
    const { result, events } = await finish(
      runAgent({
        provider: standin.provider(ref),
        tools: mcp.tools,
        messages: [{ role: 'user', content: 'Where is the key?' }],
      }),
    );
    expect(result).toMatchObject({ ended: 'answer', steps: 2, text: 'It hangs there.' });
    const [end] = events.filter((event) => event.type === 'tool-end');
    expect(JSON.stringify(end?.outcome)).toContain('behind the clock');
    const last = vendor.requests.at(-1);
    expect(JSON.stringify(last?.body)).toContain('behind the clock');
  });

  it('give a failure, a picture and a refusal to the model', async () => {
    const byName = new Map(mcp.tools.map((tool) => [tool.name, tool]));
    const signal = new AbortController().signal;
    const denied = await byName.get('read_text_file')?.run({ path: '/etc/passwd' }, { signal });
    expect(denied).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/denied/i) }] });
    const image = await byName.get('get-tiny-image')?.run({}, { signal });
    expect(JSON.stringify(image)).toContain('"image/png"');
    const sum = await byName.get('get-sum')?.run({ a: 20, b: 22 }, { signal });
    expect(JSON.stringify(sum)).toContain('42');
  });
});

describe('a list of servers', () => {
  it.each([
    [[], 'must hold an object'],
    [{ mcpServers: { a: 5 } }, '"a" must be an object'],
    [{ mcpServers: { a: {} } }, 'needs "command" or "url"'],
    [{ mcpServers: { a: { command: 'x', args: 'y' } } }, 'a.args'],
    [{ mcpServers: { a: { url: 'ftp://x' } } }, 'a.url'],
    [{ mcpServers: { a: { command: 'x', env: { K: '${NOT_THERE}' } } } }, 'NOT_THERE'],
  ])('%j is refused with its place', (value, reason) => {
    expect(() => parseServers(value, 'tools.json', {})).toThrow(reason);
    expect(() => parseServers(value, 'tools.json', {})).toThrow('tools.json');
  });

  it('may leave servers out, and takes values from the environment', () => {
    const servers = parseServers(
      {
        mcpServers: {
          off: { command: 'x', disabled: true },
          web: { url: 'https://${HOST:-mcp.test}/mcp', headers: { authorization: 'Bearer ${env:TOKEN}' } },
        },
      },
      'x',
      { TOKEN: 't' },
    );
    expect(servers).toEqual([
      { name: 'web', url: 'https://mcp.test/mcp', headers: { authorization: 'Bearer t' }, isSse: false },
    ]);
  });
});
