import { expect, onTestFinished, test } from 'vitest';
import { until } from '../helpers/running-gateway.ts';
import { fuzzHttp } from './http-fuzz.ts';
import { fuzzedGateway } from './fuzzed-gateway.ts';

/** The small form of `npm run fuzz:http`. */
test('whatever comes over a socket, the answer is in its protocol, never a 500, and the gateway lives on', async () => {
  const { gateway, port, url, complaints, close } = await fuzzedGateway();
  onTestFinished(close);
  const report = await fuzzHttp({ port, cases: 600, seed: 20_261_126 });
  expect(report.findings).toEqual([]);
  expect(complaints).toEqual([]);
  await until('no call is left', () => gateway.load().openCalls === 0);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  // Neither nothing nor everything was refused, or the run would show little.
  expect(report.statuses['200']).toBeGreaterThan(30);
  expect(report.statuses['400']).toBeGreaterThan(30);
});
