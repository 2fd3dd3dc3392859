import { afterEach, describe, expect, it } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import { systemClock, type Clock } from '@standin/core/spec/index';
import { startSimulator, type Simulator } from '@standin/simulator';
import { createGateway, type Gateway } from '../src/index.ts';

const SCALE = 50;
const fastClock: Clock = {
  now: () => systemClock.now() * SCALE,
  wallMs: () => systemClock.wallMs(),
  after: (ms, run) => systemClock.after(ms / SCALE, run),
  clear: (handle) => systemClock.clear(handle),
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function gatewayOver(upstream: string): Promise<string> {
  const text = `schema_version = 3
[providers.models.custom.next]
uri = "${upstream}/v1"
api_key = "sk-next"
model = "custom.next"
[agents.default]
model_provider = "custom.next"
`;
  const config = loadConfigText(text, 'standin.toml', { env: {} });
  const standin = await createStandin({ config, env: {}, clock: fastClock });
  const gateway: Gateway = createGateway({ standin });
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0 });
  open.push({ close: () => gateway.close({ graceMs: 0 }) });
  return url;
}

async function threeDeep(): Promise<{ url: string; vendor: Simulator }> {
  const vendor = await startSimulator();
  open.push(vendor);
  return { vendor, url: await gatewayOver(await gatewayOver(await gatewayOver(vendor.url))) };
}

const ask = (url: string, stream: boolean) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'custom.next', messages: [{ role: 'user', content: 'hi' }], stream }),
  });

describe('three gateways in a row', () => {
  for (const stream of [true, false]) {
    it(`ask the vendor no more often than one would, ${stream ? 'streamed' : 'whole'}`, async () => {
      const { url, vendor } = await threeDeep();
      vendor.setScript({ rules: [{ behaviour: '500' }] });
      const response = await ask(url, stream);
      await response.text();
      expect(response.status).toBeGreaterThanOrEqual(500);
      expect(vendor.requests.length).toBeLessThanOrEqual(6);
      expect(response.headers.get('x-should-retry')).toBe('false');
      expect(Number(response.headers.get('x-standin-attempts'))).toBe(vendor.requests.length);
    });

    it(`count every attempt behind an answer, ${stream ? 'streamed' : 'whole'}`, async () => {
      const { url, vendor } = await threeDeep();
      vendor.failNext('500', 2);
      const response = await ask(url, stream);
      await response.text();
      expect(response.status).toBe(200);
      expect(vendor.requests.length).toBe(3);
      expect(response.headers.get('x-standin-attempts')).toBe('3');
    });
  }
});
