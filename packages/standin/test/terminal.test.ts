import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { workspace } from './support.ts';
import { hasTmux, openTerminal } from './tmux.ts';

const SECRET = 'sk-ant-planted-in-terminal-123456';

describe.runIf(hasTmux)('in a real terminal (needs tmux)', () => {
  let space: Awaited<ReturnType<typeof workspace>>;
  let terminal: ReturnType<typeof openTerminal>;
  let simulator: Simulator;
  beforeEach(async () => {
    simulator = await startSimulator({ host: '127.0.0.1', port: 0 });
    space = await workspace();
    terminal = openTerminal(space.dir);
    await terminal.until('$');
  });
  afterEach(async () => {
    terminal.close();
    await simulator.close();
    await space.remove();
  });

  it('a secret is asked for without echo and stored encrypted', async () => {
    terminal.type('standin config set providers.models.anthropic.main.api_key');
    terminal.key('Enter');
    await terminal.until('(not shown):');
    terminal.type(SECRET);
    terminal.key('Enter');
    const shown = await terminal.until(/api_key is set in/);
    expect(shown).not.toContain('planted');
    expect(shown).not.toContain('***');
    const file = readFileSync(space.path('home/config.toml'), 'utf8');
    expect(file).toMatch(/^api_key = "enc2:[0-9a-f]+"$/m);
    expect(file).not.toContain('planted');
    terminal.type('standin config list');
    terminal.key('Enter');
    expect(await terminal.until(/key:[0-9a-f]{8} \(secret\)/)).not.toContain('planted');
    terminal.keep('config-set-secret');
  }, 40_000);

  it('Ctrl-C at the question changes nothing', async () => {
    terminal.type('standin config set providers.models.anthropic.main.api_key; echo code=$?');
    terminal.key('Enter');
    await terminal.until('(not shown):');
    terminal.key('C-c');
    await terminal.until('code=130');
    expect(() => readFileSync(space.path('home/config.toml'))).toThrow();
  }, 40_000);

  it('init asks, writes a chain and ends with a working call', async () => {
    terminal.type('standin init');
    terminal.key('Enter');
    // Servers that run on the tester's machine are offered too; they are not wanted here.
    for (let question = await terminal.until(/Use .*\?|Add a vendor\?/); !question.includes('Add a vendor?');) {
      terminal.type('n');
      terminal.key('Enter');
      question = await terminal.until(/Add a vendor\?/);
    }
    terminal.key('Enter');
    await terminal.until('Vendor [anthropic]:');
    terminal.type('custom');
    terminal.key('Enter');
    await terminal.until('Address');
    terminal.type(`${simulator.url}/v1`);
    terminal.key('Enter');
    await terminal.until('(not shown):');
    terminal.type(SECRET);
    terminal.key('Enter');
    await terminal.until(/Model:\s*$/m);
    terminal.type('sim-ok');
    terminal.key('Enter');
    await terminal.until('Add another vendor?');
    terminal.type('n');
    terminal.key('Enter');
    await terminal.until('Model of');
    terminal.key('Enter');
    const shown = await terminal.until(/It works\.|the call failed/);
    expect(shown).toContain('It works.');
    expect(shown).not.toContain('planted');
    terminal.keep('init');
  }, 60_000);

  it('doctor shows each finding with the command that mends it', async () => {
    const entry = `[providers.models.custom.home]\nuri = "${simulator.url}/v1"\nmodel = "sim-ok"\nfallback = ["openai.spare"]\n`;
    writeFileSync(
      space.path('standin.toml'),
      `schema_version = 3\n\n${entry}\n[providers.models.openai.spare]\nmodel = "gpt-5-mini"\n`,
      { mode: 0o600 },
    );
    terminal.type('clear; standin doctor --live');
    terminal.key('Enter');
    const shown = await terminal.until(/\d+ ok, \d+ warnings, \d+ errors/);
    expect(shown.replaceAll(/\s+/g, ' ')).toContain('mend: standin config set providers.models.openai.spare.api_key');
    expect(shown).toMatch(/sim-ok answered in \d+ ms/);
    terminal.keep('doctor');
  }, 40_000);

  it('Tab completes commands, config paths and entries', async () => {
    writeFileSync(
      space.path('standin.toml'),
      `schema_version = 3\n[providers.models.custom.home]\nuri = "${simulator.url}/v1"\nmodel = "m"\n`,
    );
    terminal.type('eval "$(standin completion bash)"; clear');
    terminal.key('Enter');
    // The words looked for below stand in this very line until the screen is cleared.
    await terminal.until(/^\$\s*$/);
    terminal.type('standin comp');
    terminal.key('Tab');
    await terminal.until('standin completion');
    terminal.key('C-u');
    terminal.type('standin config get reliability.resc');
    terminal.key('Tab');
    await terminal.until('reliability.rescue');
    terminal.key('C-u');
    terminal.type('standin agent --provider cus');
    terminal.key('Tab');
    await terminal.until('--provider custom.home');
    terminal.key('C-u');
    terminal.type('standin config set providers.models.custom.home.m');
    terminal.key('Tab');
    terminal.key('Tab');
    await terminal.until('merge_system_into_user');
    terminal.keep('completion');
  }, 40_000);
});

it.runIf(!hasTmux)('tmux is not installed: the terminal was not tried', () => {
  expect(hasTmux).toBe(false);
});
