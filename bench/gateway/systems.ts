/** The systems that the speed table compares, and how each is started on a processor of its own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');
const perf = resolve(root, '../shared/perf');
const scratch = mkdtempSync(join(tmpdir(), 'standin-bench-'));
const standin = join(root, 'packages/standin/bin/standin.js');
/** What `npm run build` makes and npm would install. */
const builtStandin = join(root, 'packages/standin/dist/package/bin/standin.js');

/** The gateway has a processor of its own; the mock and the load generator share the other. */
export const GATEWAY_CPU = '0';
export const LOAD_CPU = '1';

export interface Running {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** What the load generator sends beside its own headers. */
  readonly headers: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How the mock's model string is written for this system. */
  model(name: string): string;
  stop(): void;
}

interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly headers?: readonly string[];
  readonly model?: (name: string) => string;
}

/** Named as in the table; `port`: where to listen, `vendor`: port of the mock. */
const SYSTEMS: Readonly<Record<string, (port: number, vendor: number) => Start>> = {
  nginx: (port, vendor) => ({ command: '/usr/sbin/nginx', args: ['-c', nginxConfig(port, vendor)] }),
  pipe: (port, vendor) => ({
    command: process.execPath,
    args: [join(perf, 'servers/pipe-http.mjs')],
    env: { PORT: String(port), UP: String(vendor) },
  }),
  standin: (port, vendor) => gateway(port, vendor, 'custom', true),
  plain: (port, vendor) => gateway(port, vendor, 'custom', false),
  translated: (port, vendor) => gateway(port, vendor, 'anthropic', true),
  built: (port, vendor) => gateway(port, vendor, 'custom', true, builtStandin),
};

/** Builds the package anew: an old one would be measured otherwise. */
export function buildPackage(): void {
  execFileSync(process.execPath, [join(root, 'scripts/build.ts')], { cwd: root, stdio: 'ignore' });
}

export const hasHarness = (): boolean => existsSync(join(perf, 'bench.mjs'));
export const hasNginx = (): boolean => existsSync('/usr/sbin/nginx');

/** Builds the mock and the load generator on first use; the answer is their folder. */
export async function nativePrograms(): Promise<string> {
  const module = (await import(pathToFileURL(join(perf, 'suts.mjs')).href)) as { nativeDir(): string };
  return module.nativeDir();
}

export function startMock(programs: string, port: number): Promise<Running> {
  return launch('mock', LOAD_CPU, port, { command: join(programs, 'mock'), args: ['--port', String(port)] });
}

export function start(name: string, port: number, vendor: number, profile?: string): Promise<Running> {
  const made = SYSTEMS[name]?.(port, vendor);
  if (made === undefined) throw new Error(`There is no system "${name}"; there is ${Object.keys(SYSTEMS).join(', ')}.`);
  const profiled = profile !== undefined && made.command === process.execPath;
  const flags = profiled ? ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=200'] : [];
  return launch(name, GATEWAY_CPU, port, { ...made, args: [...flags, ...made.args] });
}

/**
 * `featured`: a virtual key with limits of rate, tokens, parallel calls and money, prices, and a spare to fall back on.
 * Ledger, metrics and attempt records are on by default.
 */
function gateway(
  port: number,
  vendor: number,
  type: 'custom' | 'anthropic',
  featured: boolean,
  program = standin,
): Start {
  const home = mkdtempSync(join(scratch, 'home-'));
  const uri = type === 'anthropic' ? `http://127.0.0.1:${vendor}` : `http://127.0.0.1:${vendor}/v1`;
  const entry = (alias: string, more: string) =>
    `[providers.models.${type}.${alias}]\nuri = "${uri}"\napi_key = "sk-${alias}"\nmodel = "mock"\n${more}`;
  const extras = `fallback = ["${type}.spare"]\npricing = { input = 1.0, output = 2.0 }\n`;
  const config = join(home, 'config.toml');
  writeFileSync(
    config,
    `schema_version = 3\n${entry('mock', featured ? extras : '')}${featured ? entry('spare', '') : ''}[gateway]\nrequire_keys = ${featured}\n[agents.default]\nmodel_provider = "${type}.mock"\n`,
  );
  const env = { STANDIN_HOME: home };
  return {
    command: process.execPath,
    args: [program, 'serve', '--port', String(port), '--config', config],
    env,
    headers: featured ? [`x-api-key: ${virtualKey(env)}`] : [],
    model: (name) => `${type}.mock/${name}`,
  };
}

function virtualKey(env: Readonly<Record<string, string>>): string {
  const limits = ['--rpm', '1000000000', '--tpm', '1000000000', '--parallel', '100000', '--budget-day', '1000000'];
  const out = execFileSync(process.execPath, [standin, 'keys', 'create', '--name', 'bench', ...limits, '--json'], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return (JSON.parse(out) as { key: string }).key;
}

function nginxConfig(port: number, vendor: number): string {
  const folder = mkdtempSync(join(scratch, 'nginx-'));
  const file = join(folder, 'nginx.conf');
  const template = readFileSync(join(perf, 'servers/nginx.conf.tpl'), 'utf8');
  writeFileSync(
    file,
    template.replaceAll('__PORT__', `${port}`).replaceAll('__UP__', `${vendor}`).replaceAll('__DIR__', folder),
  );
  return file;
}

const children = new Set<ChildProcess>();
process.on('exit', () => children.forEach((child) => child.kill('SIGTERM')));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

async function launch(name: string, cpu: string, port: number, how: Start): Promise<Running> {
  const errors = join(scratch, `${name}-${port}.log`);
  const child = spawn('taskset', ['-c', cpu, how.command, ...how.args], {
    cwd: root,
    env: { ...process.env, ...how.env },
    stdio: ['ignore', 'ignore', openSync(errors, 'w')],
  });
  children.add(child);
  for (let tries = 0; tries < 300 && child.exitCode === null; tries++) {
    if (await listens(port)) {
      const stop = (): void => {
        child.kill('SIGTERM');
        children.delete(child);
      };
      const { headers = [], env = {}, model = (own: string) => own } = how;
      return { name, port, pid: child.pid ?? 0, headers, env, model, stop };
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${name} does not listen on ${port}: ${readFileSync(errors, 'utf8').slice(0, 1000)}`);
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}
