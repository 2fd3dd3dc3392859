/**
 * A gateway as its users have it, with stand-in vendors in place of real ones: for the browser tests and the screenshots.
 * The vendors live in this process, the gateway in one of its own.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSimulator, type Script, type Simulator } from '@standin/simulator';

export interface Stage {
  /** Where the gateway listens. */
  readonly url: string;
  /** `ABCD-EFGH` */
  readonly code: string;
  readonly configFile: string;
  /** The first vendor, its backup, and a server at home. */
  readonly vendors: readonly [Simulator, Simulator, Simulator];
  /** One call by a program; resolves when its answer ended. */
  call(body?: Readonly<Record<string, unknown>>, headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

const CLI = fileURLToPath(new URL('../../standin/bin/standin.js', import.meta.url));

function configOf([first, backup, home]: readonly Simulator[]): string {
  return `# Calls go to the first entry; the others stand in for it.
schema_version = 3

[providers.models.anthropic.main]
uri = "${first?.url}"
model = "claude-sonnet-4-5"
api_keys = ["sk-ant-first-key-of-two", "sk-ant-second-key-of-two"]
fallback_models = ["claude-haiku-4-5"]
fallback = ["openai.backup", "llamacpp.local"]
pricing = { "claude-sonnet-4-5" = { input = 3.0, output = 15.0 }, "claude-haiku-4-5" = { input = 1.0, output = 5.0 } }

[providers.models.openai.backup]
uri = "${backup?.url}/v1"
model = "gpt-4o-mini"
api_key = "sk-backup"
pricing = { "gpt-4o-mini" = { input = 0.15, output = 0.6 } }

[providers.models.llamacpp.local]
uri = "${home?.url}/v1"
model = "qwen3-8b"

[agents.default]
model_provider = "anthropic.main"

[agents.researcher]
model_provider = "openai.backup"
system_prompt = "You look things up."

[reliability]
provider_retries = 1
provider_backoff_ms = 50

[budgets]
daily_usd = 2.5
action = "warn"

[budgets.per_provider."anthropic.main"]
daily_usd = 1.0
action = "fallback"

[ledger]
content = true
`;
}

const QUIET: Script = { defaults: { eventMs: 2, words: 40 } };

export async function startStage(scripts: readonly Script[] = []): Promise<Stage> {
  const vendors = await Promise.all([0, 1, 2].map((index) => startSimulator({ script: scripts[index] ?? QUIET })));
  const home = mkdtempSync(join(tmpdir(), 'standin-stage-'));
  const configFile = join(home, 'standin.toml');
  writeFileSync(configFile, configOf(vendors));
  const gateway = spawn(process.execPath, [CLI, 'serve', '--port', '0', '--config', configFile], {
    env: { PATH: process.env['PATH'] ?? '', HOME: home, STANDIN_HOME: join(home, 'home'), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const close = async (): Promise<void> => {
    const ended = new Promise((resolve) => gateway.once('exit', resolve));
    if (gateway.exitCode === null && gateway.kill('SIGTERM')) {
      const late = setTimeout(() => gateway.kill('SIGKILL'), 3_000);
      await ended;
      clearTimeout(late);
    }
    await Promise.all(vendors.map((vendor) => vendor.close()));
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const [url, code] = await told(gateway.stdout, gateway.stderr, [
      /listening on (http:\S+)/,
      /#pair=([A-Z0-9]{4}-[A-Z0-9]{4})/,
    ]);
    const call: Stage['call'] = async (body = {}, headers = {}) => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({
          model: 'anthropic.main',
          stream: true,
          messages: [{ role: 'user', content: 'Tell me of the sea.' }],
          ...body,
        }),
      });
      await response.clone().text();
      return response;
    };
    const [first, backup, local] = vendors as [Simulator, Simulator, Simulator];
    return { url: url ?? '', code: code ?? '', configFile, vendors: [first, backup, local], call, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until every pattern was printed, on either stream. */
function told(out: NodeJS.ReadableStream, err: NodeJS.ReadableStream, patterns: readonly RegExp[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`The gateway did not start in time:\n${text}`)), 15_000);
    const read = (chunk: unknown): void => {
      text += String(chunk);
      const found = patterns.map((pattern) => pattern.exec(text)?.[1]);
      if (found.some((one) => one === undefined)) return;
      clearTimeout(late);
      resolve(found as string[]);
    };
    out.on('data', read);
    err.on('data', read);
    err.on('end', () => {
      clearTimeout(late);
      reject(new Error(`The gateway ended:\n${text}`));
    });
  });
}
