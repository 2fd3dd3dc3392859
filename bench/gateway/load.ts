/** The load that the speed table measures, and one run of it against one system. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { LOAD_CPU, type Running } from './systems.ts';

export interface Scenario {
  /** The mock's model string; see the head of its source. Times in it are microseconds. */
  readonly model: string;
  readonly connections: number;
  /** Seconds. */
  readonly lasts: number;
  readonly warm?: number;
  readonly stream?: boolean;
  /** New connections per second while opening. */
  readonly ramp?: number;
  /** Requests per second; absent: as fast as answers come. */
  readonly rate?: number;
  readonly bodyBytes?: number;
}

/**
 * As in the harness of the same names, but shorter and more often: where processors are shared their speed changes by
 * half within seconds, and only what was measured close together can be compared.
 */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ns64: { model: 'mock', connections: 64, lasts: 1.5 },
  'st-paced': {
    model: 'mock-l10000-t200-i10000',
    connections: 100,
    lasts: 3,
    warm: 2.5,
    ramp: 50,
    stream: true,
  },
  'st-burst32': { model: 'mock-t640-p32', connections: 32, lasts: 1.5, stream: true },
  'st-rate': { model: 'mock-l20000-t50-i2000', connections: 512, rate: 40, lasts: 4, warm: 1, stream: true },
  'ns-100k': { model: 'mock', connections: 32, lasts: 1.5, bodyBytes: 100_000 },
};

/** So many streams at once, an event a second on each; measured once all of them are open. */
export const CROWD: Scenario = {
  model: 'mock-l10000-t20-i1000000',
  connections: 5000,
  lasts: 12,
  warm: 14,
  stream: true,
  ramp: 500,
};

/** What the load generator prints, as far as it is used here. Times in microseconds, memory in KiB. */
export interface Measured {
  readonly ok: number;
  readonly bad: number;
  readonly err: number;
  readonly bad_sample: string;
  readonly secs: number;
  readonly cpu_s: number;
  readonly mock_cpu_s: number;
  readonly lg_cpu_s: number;
  readonly sys_busy: number;
  readonly cpu_us_per_req: number;
  readonly cpu_ns_per_event: number;
  readonly ttft_us: { readonly p50: number; readonly p99: number };
  readonly rss_peak_kb: number;
  readonly rss_end_kb: number;
  readonly firsts: number;
}

/** Cores that neither the system, the mock nor the generator used: somebody else's load. */
export function foreignLoad(one: Measured, isDirect: boolean): number {
  return (one.sys_busy - (isDirect ? 0 : one.cpu_s) - one.mock_cpu_s - one.lg_cpu_s) / one.secs;
}

export class LoadGenerator {
  readonly #program: string;
  readonly #mock: Running;

  constructor(programs: string, mock: Running) {
    this.#program = join(programs, 'lg');
    this.#mock = mock;
  }

  /** One measured run; `scale` shortens it. Throws when the system answered nothing properly. */
  run(system: Running, scenario: Scenario, scale: number): Measured {
    const { model, connections, lasts, warm = 0.7, stream, ramp, rate, bodyBytes } = scenario;
    const args = ['--model', system.model(model), '--conns', `${connections}`];
    args.push('--dur', `${lasts * scale}`, '--warm', `${warm}`);
    if (stream === true) args.push('--stream');
    if (ramp !== undefined) args.push('--ramp', `${ramp}`);
    if (rate !== undefined) args.push('--rate', `${rate}`);
    if (bodyBytes !== undefined) args.push('--body-bytes', `${bodyBytes}`);
    const measured = this.#call(system, args);
    if (measured.ok === 0) throw new Error(`${system.name} answered nothing: ${measured.bad_sample}`);
    if (measured.bad + measured.err > 0)
      console.error(`  ${system.name}: ${measured.bad} bad answers, ${measured.err} errors: ${measured.bad_sample}`);
    return measured;
  }

  /** Requests that only warm a system up. */
  warm(system: Running, count: number): void {
    this.#call(system, ['--model', system.model('mock-t20'), '--stream', '--conns', '8', '--count', `${count}`]);
  }

  /** Opens streams that have had one event and wait, and reads the memory that they take. */
  hold(system: Running, streams: number): Measured {
    const model = system.model('mock-t5-i600000000');
    return this.#call(system, ['--model', model, '--stream', '--conns', `${streams}`, '--hold', '3', '--ramp', '500']);
  }

  #call(system: Running, args: readonly string[]): Measured {
    const all = ['--port', `${system.port}`, '--pid', `${system.pid}`, '--mock-pid', `${this.#mock.pid}`, ...args];
    for (const header of system.headers) all.push('--header', header);
    const out = execFileSync('taskset', ['-c', LOAD_CPU, this.#program, ...all], { encoding: 'utf8' });
    return JSON.parse(out) as Measured;
  }
}
