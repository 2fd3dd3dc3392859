import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { startSimulator, type Simulator } from '@standin/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configToml, NODE, run, workspace } from './support.ts';

const filesystem = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-filesystem/dist/index.js');

let vendor: Simulator;
let backup: Simulator;
let place: Awaited<ReturnType<typeof workspace>>;

beforeAll(async () => {
  [vendor, backup] = await Promise.all([startSimulator(), startSimulator()]);
  place = await workspace({ 'note.txt': 'seven swans' });
  const files = { command: NODE, args: [filesystem, place.dir] };
  await writeFile(place.path('tools.json'), JSON.stringify({ mcpServers: { files } }));
  const prices = { pricing: { m: { input: 1, output: 2 } } };
  const entries = {
    'custom.main': { uri: `${vendor.url}/v1`, api_key: 'sk-planted-a', model: 'm', ...prices },
    'anthropic.second': { uri: vendor.url, api_key: 'sk-planted-b', model: 'm', fallback: ['custom.spare'], ...prices },
    'custom.spare': { uri: `${backup.url}/v1`, api_key: 'sk-planted-c', model: 'm', ...prices },
  };
  const extra = `system_prompt = "You lead."
delegates = ["helper"]
max_cost_usd = 0.05

[agents.helper]
model_provider = "anthropic.second"
description = "reads files"
system_prompt = "You help."
tools = ["files"]
approval = { "read_*" = "allow", "*" = "deny" }

[mcp.servers.files]
command = ${JSON.stringify(NODE)}
args = ${JSON.stringify([filesystem, place.dir])}`;
  // The extra lines go on with [agents.default].
  const config = configToml(entries, extra).replace(/\n\nsystem_prompt/, '\nsystem_prompt');
  await writeFile(place.path('standin.toml'), config);
});
afterAll(async () => {
  await Promise.all([vendor.close(), backup.close()]);
  await place.remove();
});

const note = () => ({ name: 'read_text_file', arguments: { path: place.path('note.txt') } });

describe('standin agent with tools', () => {
  it('denies a tool that nobody can be asked about, and keeps the conversation', async () => {
    vendor.setScript({
      rules: [{ behaviour: { toolCalls: [note()] }, times: 1 }, { behaviour: { text: 'I may not.' } }],
    });
    const { code, stdout, stderr } = await run(
      ['agent', '--provider', 'custom.main', '-m', 'read it', '--tools', 'tools.json', '--session', 'kept.json'],
      { cwd: place.dir },
    );
    expect([code, stdout]).toEqual([0, 'I may not.\n']);
    expect(stderr).toMatch(/→ read_text_file[\s\S]*✗ The tool read_text_file needs a person/);
    const { messages } = JSON.parse(await readFile(place.path('kept.json'), 'utf8')) as {
      messages: { role: string }[];
    };
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
  });

  it('hands work to a delegate, whose first target fails: its own chain answers, within the one budget', async () => {
    const task = { name: 'delegate', arguments: { agent: 'helper', task: 'What does the note say?' } };
    vendor.setScript({
      rules: [
        { match: { wire: 'anthropic-messages' }, behaviour: 'overloaded' },
        { behaviour: { toolCalls: [task] }, times: 1 },
        { behaviour: { text: 'Swans.' } },
      ],
    });
    vendor.reset();
    backup.setScript({
      rules: [{ behaviour: { toolCalls: [note()] }, times: 1 }, { behaviour: { text: 'It says swans.' } }],
    });
    const { code, stdout, stderr } = await run(['agent', '-m', 'Ask the helper'], { cwd: place.dir });
    expect([code, stdout, stderr]).toEqual([0, 'Swans.\n', expect.stringContaining('✓ seven swans')]);
    const [first] = backup.requests;
    expect(JSON.stringify(first?.body)).toContain('You help.');
    const lead = vendor.requests.filter(({ wire }) => wire === 'openai-chat');
    expect(JSON.stringify(lead[0]?.body)).toContain('You lead.');
    expect(JSON.stringify(lead.at(-1)?.body)).toContain('It says swans.');
    expect(stderr).not.toContain('sk-planted');
  });

  it.each([
    ['missing.json', 'cannot be read'],
    ['note.txt', 'not valid JSON'],
  ])('--tools %s is wrong usage', async (file, reason) => {
    const { code, stderr } = await run(['agent', '-m', 'x', '--tools', file], { cwd: place.dir });
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
  });
});
