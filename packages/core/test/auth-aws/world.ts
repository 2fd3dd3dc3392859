import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { awsWorldOf } from '../../src/config/aws.ts';
import type { AwsWorld } from '../../src/auth/aws/world.ts';

export const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

export interface PlayedWorld extends AwsWorld {
  /** Moves the time on. */
  advance(ms: number): void;
  files: Record<string, string>;
  /** Commands that were run. */
  readonly commands: string[];
  output: string | Error;
}

/** A machine with these variables and files; calls go to real servers on loopback. */
export function play(
  env: Readonly<Record<string, string | undefined>>,
  files: Record<string, string> = {},
): PlayedWorld {
  let now = NOW;
  const commands: string[] = [];
  const world: PlayedWorld = {
    env: { HOME: '/home/me', AWS_EC2_METADATA_DISABLED: 'true', ...env },
    files,
    commands,
    output: '',
    readText: (path) => world.files[path],
    async run(command) {
      commands.push(command);
      if (world.output instanceof Error) throw world.output;
      return world.output;
    },
    http: awsWorldOf({}).http,
    nowMs: () => now,
    advance: (ms) => void (now += ms),
  };
  return world;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface PlayedServer {
  readonly url: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** A server on loopback that answers as told: a status and a text, or nothing for a 404. */
export async function serve(
  answer: (asked: Asked) => { readonly status?: number; readonly text: string } | undefined,
): Promise<PlayedServer> {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      asked.push(one);
      const { status = 200, text } = answer(one) ?? { status: 404, text: 'not found' };
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
