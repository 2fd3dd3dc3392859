import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { startSimulator } from '../../packages/simulator/src/index.ts';
import type { FromAttacker, ToAttacker } from './attacker.ts';
import { ATTACKS } from './attacks.ts';
import { call } from './callers.ts';
import { leaveFirstProcessor, quantile, residentMb, sleep, startGateway } from './gateway-process.ts';

export interface HostileOptions {
  readonly dir: string;
  /** Of each attack, and of the quiet before it. */
  readonly seconds: number;
  /** Connections of the attacks that only wait. */
  readonly connections: number;
  /** Names of attacks. Default: all. */
  readonly only?: readonly string[];
  readonly tell?: (line: string) => void;
}

export interface HostileRow {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly beforeP99Ms: number;
  readonly mostMb: number;
  /** What the attackers got. */
  readonly answers: string;
}

/** Others' p99 may grow so much; below the floor a difference says nothing about the gateway. */
export const MOST_GROWTH = 2;
export const FLOOR_MS = 8;

/** What one after the other does to the calls of others. */
export async function hostile(options: HostileOptions): Promise<readonly HostileRow[]> {
  const { dir, seconds, connections, only, tell = () => {} } = options;
  const vendor = await startSimulator({ script: { defaults: { text: 'served' } }, keepRequests: 10 });
  const config = `schema_version = 3
[providers.models.custom.main]
uri = "${vendor.url}/v1"
model = "m1"
api_key = "hostile-key-of-the-vendor"
[agents.default]
model_provider = "custom.main"
`;
  const gateway = await startGateway({ dir, config });
  tell(leaveFirstProcessor() ? 'the gateway has one processor to itself' : 'all share the same processors');
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const body = { model: 'm1', messages: [{ role: 'user', content: 'hi' }] };
  const others = async (span: number): Promise<{ took: number[]; failed: number; mostMb: number }> => {
    const end = performance.now() + span * 1_000;
    const took: number[] = [];
    let failed = 0;
    let mostMb = 0;
    const caller = async (): Promise<void> => {
      while (performance.now() < end) {
        const seen = await call({ url: gateway.url, path: '/v1/chat/completions', body, agent });
        took.push(seen.tookMs);
        if (seen.how !== 'whole') failed++;
        await sleep(10);
      }
    };
    const watch = async (): Promise<void> => {
      while (performance.now() < end) {
        mostMb = Math.max(mostMb, residentMb(gateway.pid));
        await sleep(100);
      }
    };
    await Promise.all([caller(), caller(), caller(), caller(), watch()]);
    return { took, failed, mostMb };
  };
  const rows: HostileRow[] = [];
  const attacker = fork(join(import.meta.dirname, 'attacker.ts'));
  try {
    await others(Math.max(1, seconds / 2));
    for (const { name } of ATTACKS.filter((attack) => only?.includes(attack.name) !== false)) {
      const before = await others(seconds);
      attacker.send({ name, port: gateway.port, connections } satisfies ToAttacker);
      await sleep(Math.min(1_000, seconds * 200));
      const during = await others(seconds);
      const ended = once(attacker, 'message');
      attacker.send('over' satisfies ToAttacker);
      const [answers] = (await ended) as [FromAttacker];
      rows.push({
        name,
        calls: during.took.length,
        failed: during.failed,
        p50Ms: quantile(during.took, 0.5),
        p99Ms: quantile(during.took, 0.99),
        beforeP99Ms: quantile(before.took, 0.99),
        mostMb: during.mostMb,
        answers: Object.entries(answers)
          .map(([answer, count]) => `${answer} × ${count}`)
          .join(', '),
      });
      tell(`${name}: done`);
      await sleep(Math.min(200, seconds * 100));
    }
    return rows;
  } finally {
    agent.destroy();
    attacker.disconnect();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    await vendor.close();
  }
}
