import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(root, 'packages/standin/bin/standin.js');

/** A real `standin serve` in a process of its own. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly port: number;
  /** From the start of the process until it listens. */
  readonly startedInMs: number;
  /** What it wrote on stderr, its last 200,000 characters. */
  log(): string;
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface GatewayOptions {
  /** Holds the config, the ledger and the keys. */
  readonly dir: string;
  readonly config: string;
  readonly args?: readonly string[];
}

const START_WITHIN_MS = 60_000;

function environment(dir: string): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '', HOME: dir, STANDIN_HOME: join(dir, 'home') };
}

/** Starts it and waits until it listens. Throws with its stderr when it does not. */
export async function startGateway({ dir, config, args = [] }: GatewayOptions): Promise<GatewayProcess> {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'standin.toml');
  writeFileSync(file, config);
  const began = performance.now();
  const child = spawn(process.execPath, [BIN, '--config', file, 'serve', '--port', '0', ...args], {
    cwd: dir,
    env: environment(dir),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-200_000)));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    const timer = setTimeout(() => reject(new Error(`the gateway did not start:\n${log}`)), START_WITHIN_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      const found = /listening on (http:\S+)/.exec(out)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    void ended.then((how) => reject(new Error(`the gateway ended (${how}) before it listened:\n${log}`)));
  });
  const startedInMs = performance.now() - began;
  return { child, pid: child.pid ?? 0, url, port: Number(new URL(url).port), startedInMs, log: () => log, ended };
}

/** Makes a virtual key with the command. */
export async function makeKey(dir: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [BIN, 'keys', 'create', '--json', ...args], {
    cwd: dir,
    env: environment(dir),
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`standin keys create ended with ${code}`);
  return (JSON.parse(out) as { key: string }).key;
}

/**
 * Keeps this process, and children that come later, off the first processor, so that what is measured elsewhere is
 * another program's work and not a neighbour's. False where that cannot be done: one processor, or no `taskset`.
 */
export function leaveFirstProcessor(): boolean {
  const processors = availableParallelism();
  if (processors < 2) return false;
  const args = ['-a', '-p', '-c', `1-${processors - 1}`, String(process.pid)];
  return spawnSync('taskset', args, { stdio: 'ignore' }).status === 0;
}

/** Resident memory of a process in MiB. Linux. */
export function residentMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / 1_048_576;
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Processor time of a process, seconds. */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
