import { createGateway, type Gateway } from '@standin/gateway';
import { loadConfigText } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import { systemClock, type Clock } from '@standin/core/spec/index';
import { startRawVendor, type Act, type RawVendor, type Received } from './raw-vendor.ts';
import type { Wire } from './wire.ts';

export interface Bench {
  readonly url: string;
  readonly primary: RawVendor;
  readonly spare: RawVendor;
  close(): Promise<void>;
}

export type Script = (received: Received, index: number) => Act;

/** Time that passes `factor` times faster, for the short form of the list. */
export function quickly(factor: number): Clock {
  return {
    now: () => systemClock.now() * factor,
    wallMs: () => systemClock.wallMs(),
    after: (ms, run) => systemClock.after(ms / factor, run),
    clear: (handle) => systemClock.clear(handle),
  };
}

const entry = (name: string, uri: string, wire: Wire, more = ''): string => `[providers.models.custom.${name}]
uri = "${uri}/v1"
api_key = "sk-${name}"
model = "model-${name}"
wire_api = "${wire}"
${more}`;

export async function gatewayOf(text: string, clock?: Clock): Promise<{ gateway: Gateway; url: string }> {
  const standin = await createStandin({
    config: loadConfigText(text, 'standin.toml', { env: {} }),
    env: {},
    ...(clock === undefined ? {} : { clock }),
  });
  const gateway = createGateway({ standin });
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0 });
  return { gateway, url };
}

/** A gateway with default settings over a primary and one fallback, each a vendor on a bare socket. */
export async function openBench(
  wires: readonly [Wire, Wire],
  scripts: readonly [Script, Script],
  clock?: Clock,
): Promise<Bench> {
  const primary = await startRawVendor(wires[0], scripts[0]);
  const spare = await startRawVendor(wires[1], scripts[1]);
  const config = `schema_version = 3
${entry('primary', primary.url, wires[0], 'fallback = ["custom.spare"]')}
${entry('spare', spare.url, wires[1])}`;
  const { gateway, url } = await gatewayOf(config, clock);
  return {
    url,
    primary,
    spare,
    async close() {
      await gateway.close({ graceMs: 0 });
      await Promise.all([primary.close(), spare.close()]);
    },
  };
}
