import { exec } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { awsFingerprint } from '../auth/aws/chain.ts';
import { awsDomain, awsRegion, bedrockEndpointUrl } from '../auth/aws/region.ts';
import { createAwsSigner } from '../auth/aws/signer.ts';
import type { AwsHttp, AwsWorld } from '../auth/aws/world.ts';
import { createHttpTransport } from '../transport/http-transport.ts';
import { proxyFromEnvironment } from '../transport/proxy.ts';
import { TransportError, type Transport } from '../transport/transport.ts';
import type { EndpointOptions } from '../vendors/endpoint.ts';
import type { Key } from '../vendors/endpoint-types.ts';
import type { VendorRow } from '../vendors/row.ts';
import type { Environment } from './expand.ts';

const COMMAND_TIMEOUT_MS = 60_000;
const MOST_OUTPUT_BYTES = 1024 * 1024;
const DEFAULT_REGION = 'us-east-1';

/** The machine itself: its files, commands and network. Nothing is opened before it is asked. */
export function awsWorldOf(env: Environment): AwsWorld {
  return {
    env,
    readText(path) {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    run: (command) =>
      new Promise((resolve, reject) => {
        const options = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MOST_OUTPUT_BYTES, windowsHide: true };
        exec(command, options, (error, output) => (error === null ? resolve(output) : reject(error)));
      }),
    http: httpOf(env),
    nowMs: () => Date.now(),
  };
}

function httpOf(env: Environment): AwsHttp {
  let direct: Transport | undefined;
  let proxied: Transport | undefined;
  return (call) => {
    const proxy = proxyFromEnvironment(env);
    const transport =
      call.direct === true || proxy === undefined
        ? (direct ??= createHttpTransport())
        : (proxied ??= createHttpTransport({ proxy }));
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let status = 0;
      const { method, url, headers, body, timeoutMs } = call;
      const exchange = transport.start(
        { method, url, headers, body, connectTimeoutMs: timeoutMs },
        {
          onHead: (head) => (status = head.status),
          onData: (chunk) => void chunks.push(Buffer.from(chunk)),
          onEnd: () => {
            clearTimeout(timer);
            resolve({ status, text: Buffer.concat(chunks).toString('utf8') });
          },
          onError: (error) => {
            clearTimeout(timer);
            reject(error);
          },
        },
      );
      const timer = setTimeout(() => {
        exchange.abort();
        reject(new TransportError(`no answer within ${timeoutMs} ms`, 'ETIMEDOUT', 'headers'));
      }, timeoutMs);
    });
  };
}

interface AwsEntry {
  readonly row: VendorRow;
  /** As the entry states them. */
  readonly region?: string;
  readonly uri?: string;
  readonly keys: readonly Key[];
}

/** What an entry on AWS adds to its endpoint: region and address as AWS programs find them, and signed calls. */
export function awsEndpointOptions(
  { row, region: stated, uri, keys }: AwsEntry,
  env: Environment,
  world: AwsWorld = awsWorldOf(env),
): Pick<EndpointOptions, 'uri' | 'fields' | 'prepare' | 'renewable' | 'secrets'> | undefined {
  if (row.auth !== 'aws') return undefined;
  const region = stated ?? awsRegion(world) ?? row.fieldDefaults?.['region'] ?? DEFAULT_REGION;
  const domain = awsDomain(region);
  const elsewhere = domain === 'amazonaws.com' ? undefined : `https://bedrock-runtime.${region}.${domain}`;
  const address = { uri: uri ?? bedrockEndpointUrl(world) ?? elsewhere, fields: { region } };
  if (keys.some((key) => key.secret !== undefined)) return address;
  return { ...address, ...createAwsSigner({ world, region }) };
}

/** The files are read once: plans are made per request, and a key's name must not change under its health. */
const signerKeys = new WeakMap<Environment, Key>();

/** An entry that signs has one key: it stands for whoever the machine says we are. */
export function awsKeys(row: VendorRow | undefined, keys: readonly Key[], env: Environment): readonly Key[] {
  if (row?.auth !== 'aws' || keys.some((key) => key.secret !== undefined)) return keys;
  const known = signerKeys.get(env) ?? { fingerprint: awsFingerprint(awsWorldOf(env)) };
  signerKeys.set(env, known);
  return [known];
}
