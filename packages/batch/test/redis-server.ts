/** A real redis-server of one's own on loopback, that keeps nothing: killed and started again it has forgotten all. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';

export const haveRedis = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
export const noRedis = 'redis-server is not installed (Debian: apt-get install redis-server)';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Kills it outright and starts it again on the same port. */
  restart(awayMs?: number): Promise<void>;
  /** Starts it where it was stopped. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

/** Throws where no server is installed: ask `haveRedis` first. */
export async function startRedis(options: { readonly password?: string } = {}): Promise<RedisServer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const secret = options.password === undefined ? [] : ['--requirepass', options.password];
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...secret];
    const started = spawn(haveRedis ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    child = started;
    await new Promise<void>((resolve, reject) => {
      let text = '';
      started.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (/Ready to accept connections/i.test(text)) resolve();
      });
      started.once('error', reject);
      started.once('exit', () => reject(new Error(`redis-server ended: ${text}`)));
    });
    started.stdout.removeAllListeners('data').resume();
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => void running.once('exit', () => resolve()));
    running.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    restart: async (awayMs = 0) => {
      await stop();
      if (awayMs > 0) await new Promise<void>((resolve) => void setTimeout(resolve, awayMs));
      await start();
    },
  };
}
