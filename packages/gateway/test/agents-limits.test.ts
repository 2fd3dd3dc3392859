import { listRequests } from '@standin/store/query';
import { describe, expect, it } from 'vitest';
import { ASK, SUM, bench, call, say, vendor, useVendors } from './helpers/agent-bench.ts';
import { post, thrownBy, until } from './helpers/running-gateway.ts';

useVendors();

describe('limits of an agent whose tools run on the gateway', () => {
  it('ends at a limit in a way that no client takes for complete', async () => {
    const { url, rows } = await bench('max_total_tokens = 3000');
    vendor.setScript({ defaults: { usage: { inputTokens: 2_990, outputTokens: 9 } }, rules: [{ behaviour: SUM }] });
    const answer = await post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 20 });
    expect(await answer.json()).toMatchObject({
      choices: [{ finish_reason: 'length', message: { content: 'I add.' } }],
    });
    vendor.setScript({
      defaults: { usage: { inputTokens: 2_990, outputTokens: 9 } },
      rules: [{ behaviour: call('get-sum', { a: 1, b: 2 }) }],
    });
    const silent = await post(`${url}/v1/chat/completions`, { ...ASK, stream: true });
    expect(silent.status).toBe(504);
    expect(await silent.json()).toMatchObject({ error: { message: expect.stringContaining('limit of tokens') } });
    expect(rows().map(({ outcome }) => outcome)).toEqual(['failed', 'ok']);
  });

  it('reserves each step by itself: a budget that is used up in the middle ends the answer in an error', async () => {
    const { url, rows } = await bench('', { budgets: { dayNanoUsd: 50_000 } });
    say(SUM, call('get-sum', { a: 1, b: 1 }), 'Late.');
    const answer = await post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 10, stream: true });
    const text = await answer.text();
    expect(text).toContain('add.');
    expect(text).toContain('budget_exceeded');
    expect(text).not.toContain('[DONE]');
    expect(vendor.requests.length).toBeLessThan(3);
    expect(rows()[0]).toMatchObject({ outcome: 'failed', error_code: 'budget_exceeded' });
  });

  it('counts once for the rates of its caller’s key, with all its tokens, and is no recovery', async () => {
    const { url, keys, rows, ledger } = await bench('', {
      budgets: {},
      callers: { few: { requestsPerMinute: 2, parallel: 1 }, small: { tokensPerMinute: 40 } },
    });
    const ask = async (key: string): Promise<Response> => {
      say(SUM, call('get-sum', { a: 1, b: 1 }), 'Done.');
      const headers = { authorization: `Bearer ${keys[key]}` };
      return post(`${url}/v1/chat/completions`, { ...ASK, max_tokens: 10 }, headers);
    };
    for (const status of [200, 200, 429]) expect((await ask('few')).status).toBe(status);
    expect(rows()[1]).toMatchObject({ attempts: 3, steps: 3 });
    // Three model calls of 15 tokens each are more than it may use in a minute.
    for (const status of [200, 429]) expect((await ask('small')).status).toBe(status);
    expect(listRequests(ledger.db, { rescued: 1 })).toEqual([]);
  });

  it('ends with its caller: the model’s call and the tool are given up, and the tool server lives on', async () => {
    const { url, rows, mcp } = await bench('', { keepAliveMs: 30 });
    say(call('wait', {}, 'It takes long.'));
    const leave = new AbortController();
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...ASK, stream: true }),
      signal: leave.signal,
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    // While the tool runs the caller hears from it.
    while (!/long\.[^]*: keepalive/.test(heard)) {
      const { done, value = '' } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error(`the answer ended: ${heard}`);
      heard += value;
    }
    expect(mcp.seen).toContain('tools/call wait');
    leave.abort();
    await thrownBy(async () => reader?.read());
    await until('the row', () => rows().length === 1);
    expect(rows()[0]).toMatchObject({ outcome: 'left', agent: 'lead' });
    await until('the tool is told', () => mcp.seen.includes('notifications/cancelled'));
    // While a model thinks.
    vendor.setScript({ defaults: { fault: 'silent' } });
    const gone = new AbortController();
    const waiting = thrownBy(() =>
      fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(ASK), signal: gone.signal }),
    );
    await vendor.waitFor(({ sequence }) => sequence >= 2);
    gone.abort();
    await waiting;
    await until('the vendor is let go', () => vendor.requests.at(-1)?.callerLeftAt !== undefined);
  });
});
