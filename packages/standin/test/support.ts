import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execute } from '../src/cli/execute.ts';
import { createQuietInterrupt } from '../src/cli/interrupt.ts';
import { createOutput } from '../src/cli/output.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const BIN = join(root, 'packages/standin/bin/standin.js');
const pinned = join(root, 'node_modules/.bin/node');
export const NODE = existsSync(pinned) ? pinned : process.execPath;

/** Empty until a command writes something; gone with the test file. */
const noHome = join(mkdtempSync(join(tmpdir(), 'standin-no-home-')), 'home');
process.on('exit', () => rmSync(dirname(noHome), { recursive: true, force: true }));

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to standard input, which is then closed; absent: /dev/null. */
  readonly input?: string;
  readonly node?: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Result>;
  /** Resolves as soon as the text stands in stdout or stderr. */
  until(text: string | RegExp): Promise<string>;
}

/** An environment without the developer's keys and config. */
function environment(options: RunOptions): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: options.cwd ?? tmpdir(), STANDIN_HOME: noHome, ...options.env };
}

/** Starts the real command as a process of its own: for servers, signals, and what only a process shows. */
export function start(args: readonly string[], options: RunOptions = {}): Running {
  const env = environment(options);
  const child = spawn(options.node ?? NODE, [BIN, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  const changed = () => watchers.forEach((watcher) => watcher());
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    changed();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    changed();
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  const done = new Promise<Result>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const until = (text: string | RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const all = stdout + stderr;
        if (typeof text === 'string' ? !all.includes(text) : !text.test(all)) return;
        watchers.delete(look);
        resolve(all);
      };
      watchers.add(look);
      look();
      done.then(
        (result) => reject(new Error(`Ended (${result.code}) without ${String(text)}:\n${stdout}\n${stderr}`)),
        reject,
      );
    });
  return { child, done, until };
}

/** The real command as a process, to its end. */
export function runProcess(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return start(args, options).done;
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * The command within this process, from argv to exit code: a start costs a tenth of what a process costs. One after the
 * other, because the directory it works in is the process's.
 */
export function run(args: readonly string[], options: Omit<RunOptions, 'node'> = {}): Promise<Result> {
  const result = turn.then(() => runHere(args, options));
  turn = result.catch(() => {});
  return result;
}

async function runHere(args: readonly string[], options: RunOptions): Promise<Result> {
  const env = environment(options);
  const [out, err] = [new PassThrough(), new PassThrough()];
  const texts = [out, err].map(async (stream) => {
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk as string;
    return text;
  });
  const nothing = openSync('/dev/null', 'r');
  const input =
    options.input === undefined
      ? Object.assign(Readable.from([]), { fd: nothing })
      : Readable.from([Buffer.from(options.input)]);
  const before = process.cwd();
  process.chdir(options.cwd ?? tmpdir());
  try {
    const code = await execute(args, {
      input,
      output: createOutput(env, out, err),
      interrupt: createQuietInterrupt(() => {}),
      env,
    }).done;
    out.end();
    err.end();
    const [stdout = '', stderr = ''] = await Promise.all(texts);
    return { code, signal: null, stdout, stderr };
  } finally {
    process.chdir(before);
    closeSync(nothing);
  }
}

/** A directory of one test, removed by the returned function. */
export async function workspace(files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'standin-test-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
  return {
    dir,
    path: (name: string) => join(dir, name),
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }),
  };
}

function toml(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, child]) => `${name} = ${toml(child)}`)
    .join(', ')} }`;
}

/** A config whose entries call stand-ins: `{ 'custom.main': { uri, … } }`, values written as TOML. */
export function configToml(entries: Readonly<Record<string, Readonly<Record<string, unknown>>>>, extra = ''): string {
  const blocks = Object.entries(entries).map(([ref, fields]) => {
    const lines = Object.entries(fields).map(([name, value]) => `${name} = ${toml(value)}`);
    return [`[providers.models.${ref}]`, ...lines].join('\n');
  });
  const first = Object.keys(entries)[0] ?? '';
  const agent = `[agents.default]\nmodel_provider = "${first}"`;
  return `schema_version = 3\n\n${[...blocks, agent, extra].join('\n\n')}\n`;
}
