import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { start, workspace, type Running } from './support.ts';
import { hasTmux, openTerminal } from './tmux.ts';

const CONFIG = (port: number) => `schema_version = 3   # the generation

# my vendors
[providers.models.custom.main]
uri = "http://127.0.0.1:${port}/v1"   # here
model = "sim-ok"
fallback = ["custom.spare"]
pricing = { "sim-ok.input" = 1.0, "sim-ok.output" = 2.0 }

[providers.models.custom.spare]
uri = "http://127.0.0.1:${port}/v1"
model = "sim-ok"

[reliability]
provider_retries = 2 # tries

[budgets]
daily_usd = 5.0

[gateway]
port = 9
`;
const SECRET = 'sk-planted-in-the-ui-0123456789';
// oxlint-disable-next-line no-control-regex
const COLOUR = /\u001B\[(?:\d+;)*(?:3[0-7]|38|9[0-7])[;m]/;

describe.runIf(hasTmux)('standin ui in a real terminal (needs tmux)', () => {
  let simulator: Simulator;
  let space: Awaited<ReturnType<typeof workspace>>;
  let gateway: Running;
  let url = '';
  let terminal: ReturnType<typeof openTerminal>;
  let config: ReturnType<typeof openTerminal>;
  beforeAll(async () => {
    simulator = await startSimulator({ host: '127.0.0.1', port: 0 });
    space = await workspace({
      'standin.toml': CONFIG(simulator.port),
      'crash.mjs': `process.on('SIGUSR2', () => { throw new Error('planted crash'); });\n`,
    });
    const env = { STANDIN_HOME: space.path('home'), STANDIN_KEYRING: 'off' };
    gateway = start(['serve', '--port', '0'], { cwd: space.dir, env });
    [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(await gateway.until('Dashboard: ')) ?? [];
  });
  afterAll(async () => {
    terminal?.close();
    config?.close();
    gateway?.child.kill('SIGKILL');
    await gateway?.done;
    await simulator?.close();
    await space?.remove();
  });
  const ask = async (model: string): Promise<string> => {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    });
    return answer.text();
  };
  const file = (): string => readFileSync(space.path('standin.toml'), 'utf8');

  it('edits the config without a gateway: refused with the reason, checked, written; secrets are never seen', async () => {
    config = openTerminal(space.dir, { NO_COLOR: '1', STANDIN_reliability__max_attempts: '4', PS1: '$ ' }, [80, 24]);
    config.type(
      'stty -g > before; TERM=dumb standin ui; standin ui --config standin.toml; stty -g | cmp - before && echo same',
    );
    config.key('Enter');
    await config.until('not connected');
    const first = await config.until('>▾ providers.models +');
    expect(first.split('\n')).toHaveLength(24);
    expect(config.coloured()).not.toMatch(COLOUR);
    config.key('2');
    await config.until('standin serve --port 9');
    config.key('3');
    await config.until(/3 Health[\s\S]*not running/);
    config.key('4');
    await config.until(/not running/);
    config.key('?');
    await config.until('┌─ Help');
    config.key('Escape');
    config.key('1');
    await config.until('Sections');

    // A field of its own type: what is no number is refused, and stays to be mended.
    config.key('G');
    await config.until(/>.*ledger/);
    await config.press('k', />\s*(▾ )?reliability/);
    config.key('Enter');
    const fields = await config.until('>provider_retries');
    config.keep('ui-config');
    expect(fields).toMatch(/max_attempts +4 +env!/);
    config.key('Enter');
    await config.until('▸ provider_retries');
    config.key('C-u');
    config.type('many');
    config.key('Enter');
    const refused = await config.until(/Refused: .*whole number/);
    config.keep('ui-refused');
    expect(refused).toContain('many');
    expect(file()).toContain('provider_retries = 2 # tries');
    config.key('C-u');
    config.type('3');
    config.key('Enter');
    await config.until('+provider_retries = 3 # tries');
    config.keep('ui-review');
    expect(file()).toContain('provider_retries = 2 # tries');
    config.key('Enter');
    await config.until('Written');
    expect(file()).toContain('provider_retries = 3 # tries');
    expect(file()).toContain('# my vendors');
    config.key('u');
    await config.until('Take back');
    config.key('Enter');
    await config.until('Written');
    expect(file()).toBe(CONFIG(simulator.port));

    // A secret.
    config.key('Escape');
    await config.until('Enter fields');
    config.key('g');
    await config.until('>▾ providers.models +');
    await config.press('j', />\s*(▾ )?main/);
    config.key('Enter');
    await config.until(/>(fallback|model|uri)/);
    await config.press('j', />api_key /);
    config.key('Enter');
    await config.until('never shown');
    config.type(SECRET);
    expect(await config.until('••••••••')).not.toContain('planted');
    config.key('Enter');
    expect(await config.until('+api_key = "***"')).not.toContain('planted');
    config.key('Enter');
    expect(await config.until('•••• set')).not.toContain('planted');
    expect(file()).toMatch(/^api_key = "enc2:[0-9a-f]+"$/m);

    config.resize(200, 50);
    await config.until((shown) => shown.split('\n').length === 50 && /[─]{100}/.test(shown));
    config.resize(80, 24);
    await config.until((shown) => shown.split('\n').length === 24 && shown.includes('q quit'));
    expect(config.fact('#{alternate_on}')).toBe('1');

    // The shell's turn, and back.
    config.key('C-z');
    await config.until('Stopped');
    expect(config.fact('#{alternate_on} #{cursor_flag}')).toBe('0 1');
    config.type('fg');
    config.key('Enter');
    await config.until('q quit');
    config.key('C-c');
    expect(await config.until(/^same$/m)).toContain('TERM is "dumb"');
    expect(config.fact('#{alternate_on} #{cursor_flag} #{wrap_flag}')).toBe('0 1 1');
  }, 60_000);

  it('shows what the gateway does, hostile names as text, and gives the terminal back when killed or crashed', async () => {
    await Promise.all([ask('custom.main'), ask('sim-cut-at20'), ask('\u001B[2J\u202Eevil<b>')]);
    terminal = openTerminal(space.dir, { NODE_OPTIONS: `--import=${space.path('crash.mjs')}` }, [120, 34]);
    terminal.type(`stty -g > was; standin ui --url ${url}; echo code=$?; stty -g | cmp - was && echo same`);
    terminal.key('Enter');
    await terminal.until(/2 Requests .*\blive/);
    expect(terminal.coloured()).toMatch(COLOUR);
    await terminal.until('in force in the gateway');
    terminal.key('2');
    const list = await terminal.until('sim-cut-at20');
    terminal.keep('ui-requests');
    expect(list).toContain('␛[2J‹U+202E›evil<b>');
    terminal.key('/');
    terminal.type('cut-at20');
    terminal.key('Enter');
    await terminal.until((shown) => shown.includes('filter: cut-at20') && !shown.includes('evil'));
    terminal.key('Enter');
    const detail = await terminal.until('Decisions');
    terminal.keep('ui-request');
    expect(detail).toMatch(/cut in mid-answer after/);
    expect(detail).toMatch(/mended by \w+/);
    expect(detail).toMatch(/rule: /);
    expect(detail).toMatch(/first token after/);
    expect(detail).toMatch(/cost \$/);
    // One that ends while the list is looked at.
    terminal.key('Escape');
    await terminal.until('outcome');
    terminal.key('Escape');
    await terminal.until('evil');
    await ask('sim-503-x1');
    await terminal.until('sim-503-x1');
    terminal.key('3');
    await terminal.until(/default: custom\.main\/sim-ok → custom\.spare\/sim-ok[\s\S]*> custom\.main\/sim-ok +healthy/);
    terminal.keep('ui-health');
    terminal.key('4');
    const spend = await terminal.until('all together');
    terminal.keep('ui-spend');
    expect(spend).toMatch(/everything together +day .*\$5\.00/);
    expect(spend).toMatch(/unknown/);
    terminal.key('Right');
    await terminal.until('Spend by provider');

    const pidNow = (): number =>
      Number(execFileSync('pgrep', ['-P', terminal.fact('#{pane_pid}')], { encoding: 'utf8' }));
    process.kill(pidNow(), 'SIGTERM');
    await terminal.until(/code=130\s+same/);
    expect(terminal.fact('#{alternate_on} #{cursor_flag}')).toBe('0 1');

    terminal.type(`clear; standin ui --url ${url}; echo code=$?; stty -g | cmp - was && echo same`);
    terminal.key('Enter');
    await terminal.until(/2 Requests .*\blive/);
    process.kill(pidNow(), 'SIGUSR2');
    const crashed = await terminal.until(/code=1\s+same/);
    expect(crashed).toContain('planted crash');
    expect(terminal.fact('#{alternate_on} #{cursor_flag}')).toBe('0 1');
  }, 60_000);
});

it.runIf(!hasTmux)('tmux is not installed: the terminal interface was not tried', () => {
  expect(hasTmux).toBe(false);
});
