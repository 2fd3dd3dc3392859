import { expect, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { createFakeStandin } from './helpers/fake-standin.ts';
import { CHAT, post, startGateway } from './helpers/running-gateway.ts';

test('a strict call that would lose something is a 400 that names it', async () => {
  // Nothing listens there: a call that were sent would end as a 502.
  const standin = createChainStandin([{ url: 'http://127.0.0.1:1', wire: 'anthropic-messages' }]);
  const { url } = await startGateway({ standin });
  const call = { ...CHAT, model: 'claude-sonnet-4-5', seed: 7, logprobs: true };
  const response = await post(`${url}/v1/chat/completions`, call, { 'x-standin-strict': 'true' });
  expect(response.status).toBe(400);
  const { error } = (await response.json()) as { error: { message: string; type: string } };
  expect(error.type).toBe('invalid_request_error');
  expect(error.message).toMatch(/would lose: .*seed/);
  expect(error.message).toMatch(/would lose: .*logprobs/);
  const lax = await post(`${url}/v1/chat/completions`, call, { 'x-standin-strict': 'false' });
  expect(lax.status).toBe(502);
});

test.each([
  ['true', true],
  ['1', true],
  ['TRUE', true],
  ['false', undefined],
  ['', undefined],
])('the header value %j makes strict %s', async (value, strict) => {
  const standin = createFakeStandin((run) => run.answer('hello'));
  const { url } = await startGateway({ standin });
  await post(`${url}/v1/messages`, { ...CHAT, max_tokens: 9 }, { 'x-standin-strict': value });
  expect(standin.runs[0]?.request.strict).toBe(strict);
});
