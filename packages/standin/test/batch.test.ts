import { readFile, writeFile } from 'node:fs/promises';
import { textOf } from '@standin/core/spec/message';
import { startSimulator, type Simulator } from '@standin/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveRedis, noRedis, startRedis } from '../../batch/test/redis-server.ts';
import { configToml, run, start, workspace } from './support.ts';

if (haveRedis === undefined) console.log(noRedis);

let vendor: Simulator;
let place: Awaited<ReturnType<typeof workspace>>;

beforeAll(async () => {
  vendor = await startSimulator({
    makeText: (request) => `answer to ${textOf(request.messages.at(-1)?.content ?? '')}`,
  });
  place = await workspace({
    'standin.toml': configToml({
      'custom.main': {
        uri: `${vendor.url}/v1`,
        api_key: 'sk-planted',
        model: 'm',
        pricing: { m: { input: 1, output: 2 } },
      },
    }),
  });
});
afterAll(async () => {
  await vendor.close();
  await place.remove();
});

interface Line {
  readonly index: number;
  readonly id?: string;
  readonly response?: unknown;
  readonly error?: { readonly kind: string };
  readonly cost_usd: number | null;
  readonly attempts: number;
}

const lines = (text: string): Line[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));

describe('standin batch', () => {
  it('answers every line with its cost, keeps bad ones apart, and says so by its exit code', async () => {
    vendor.reset();
    const input = ['{"prompt":"p0","id":"zero"}', '{', '"p2"'].join('\n');
    await writeFile(place.path('few.jsonl'), input);
    const { code, stderr } = await run(['batch', 'few.jsonl', '-o', 'few.out'], { cwd: place.dir });
    expect(code).toBe(1);
    expect(stderr).toContain('2 answered, 1 line rejected, $0.');
    const results = lines(await readFile(place.path('few.out'), 'utf8')).toSorted((one, two) => one.index - two.index);
    expect(results).toMatchObject([
      { index: 0, id: 'zero', response: 'answer to p0', model: 'm', provider: 'custom.main', attempts: 1 },
      { index: 2, response: 'answer to p2' },
    ]);
    expect(results.every(({ cost_usd: cost }) => (cost ?? 0) > 0)).toBe(true);
    expect(lines(await readFile(place.path('few.out.rejected.jsonl'), 'utf8'))).toMatchObject([{ line: 2, index: 1 }]);
    const again = await run(['batch', 'few.jsonl', '-o', 'few.out'], { cwd: place.dir });
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('--resume')]);
  });

  it('prints to standard output without -o, in the shape of the line', async () => {
    const body = { model: 'custom.main', messages: [{ role: 'user', content: 'hi' }] };
    await writeFile(place.path('one.json'), JSON.stringify([{ custom_id: 'x', url: '/v1/chat/completions', body }]));
    const { code, stdout } = await run(['batch', 'one.json', '--stream'], { cwd: place.dir });
    expect(code).toBe(0);
    expect(lines(stdout)).toMatchObject([
      {
        index: 0,
        id: 'x',
        response: { object: 'chat.completion', choices: [{ message: { content: 'answer to hi' } }] },
      },
    ]);
  });

  it('waits rate limits out and asks again what failed for now', async () => {
    await writeFile(place.path('flaky.txt'), Array.from({ length: 30 }, (_, index) => `q${index}`).join('\n'));
    vendor.reset();
    vendor.failNext('429-afterms20', 12);
    vendor.failNext('reset', 9);
    const { code, stdout } = await run(['batch', 'flaky.txt'], { cwd: place.dir });
    expect(code).toBe(0);
    expect(new Set(lines(stdout).map(({ index }) => index)).size).toBe(30);
  });

  it('stops before its money is spent, and goes on with more', async () => {
    await writeFile(place.path('dear.txt'), Array.from({ length: 20 }, (_, index) => `dear ${index}`).join('\n'));
    const first = await run(['batch', 'dear.txt', '-o', 'dear.out', '--max-cost', '0.01', '--concurrency', '2'], {
      cwd: place.dir,
    });
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('20 answered')]);
    const none = await run(['batch', 'dear.txt', '--max-cost', '0.000001'], { cwd: place.dir });
    expect([none.code, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toContain('Stopped at --max-cost');
  });

  it('is killed in the middle, resumed, and answers each line exactly once', async () => {
    const total = 300;
    await writeFile(place.path('many.txt'), Array.from({ length: total }, (_, index) => `m${index}`).join('\n'));
    vendor.reset();
    const args = ['batch', 'many.txt', '-o', 'many.out', '--rate', '250/s'];
    const running = start(args, { cwd: place.dir });
    await vendor.waitFor(() => vendor.requests.length >= 80, 15_000);
    running.child.kill('SIGKILL');
    await running.done;
    const before = lines((await readFile(place.path('many.out'), 'utf8')).replace(/[^\n]*$/, '')).length;
    expect(before).toBeLessThan(total);
    const { code } = await run([...args.slice(0, 4), '--resume'], { cwd: place.dir });
    expect(code).toBe(0);
    const results = lines(await readFile(place.path('many.out'), 'utf8'));
    expect(results.map(({ index }) => index).toSorted((one, two) => one - two)).toEqual(
      Array.from({ length: total }, (_, index) => index),
    );
    expect(results.every(({ index, response }) => response === `answer to m${index}`)).toBe(true);
  });

  it.each([
    [['batch', 'missing.jsonl'], 'does not exist'],
    [['batch', 'standin.toml'], 'must end in .jsonl'],
    [['batch', 'few.jsonl', '--resume'], 'needs the output'],
    [['batch', 'few.jsonl', '--rate', 'fast'], 'a rate such as'],
    [['batch', 'few.jsonl', '--provider', 'custom.nobody'], 'nobody'],
    [['batch', 'few.jsonl', '--queue', 'http://x'], 'must begin with redis://'],
    [['batch', 'few.jsonl', '--queue', 'redis://:planted@127.0.0.1:1'], 'redis://127.0.0.1:1 does not answer'],
    [['batch', 'worker', '--queue', 'redis://:planted@127.0.0.1:1'], 'redis://127.0.0.1:1 does not answer'],
    [['batch', 'worker'], '--queue'],
  ])('%j is wrong usage', async (args, reason) => {
    const { code, stderr } = await run(args, { cwd: place.dir });
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    expect(stderr).not.toContain('planted');
  });

  it.runIf(haveRedis !== undefined)('has workers answer, without a config of its own', async () => {
    const redis = await startRedis();
    const worker = start(['batch', 'worker', '--queue', redis.url, '--concurrency', '3'], { cwd: place.dir });
    try {
      await worker.until('3 calls at once');
      const elsewhere = await workspace({ 'few.txt': 'a\nb\n\nc\nd\n' });
      const { code, stderr } = await run(['batch', 'few.txt', '-o', 'few.out', '--queue', '${WHERE}'], {
        cwd: elsewhere.dir,
        env: { WHERE: redis.url },
      });
      expect([code, stderr]).toEqual([0, expect.stringContaining('4 answered')]);
      const results = lines(await readFile(elsewhere.path('few.out'), 'utf8'));
      const answers = ['a', 'b', 'c', 'd'].map((prompt, index) => ({ index, response: `answer to ${prompt}` }));
      expect(results.toSorted((one, two) => one.index - two.index)).toMatchObject(answers);
      worker.child.kill('SIGTERM');
      expect(await worker.done).toMatchObject({ code: 0, stderr: expect.stringContaining('4 answered, 0 failed') });
      await elsewhere.remove();
    } finally {
      worker.child.kill('SIGKILL');
      await redis.stop();
    }
  });
});
