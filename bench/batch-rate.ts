/**
 * `npm run bench:batch`: a batch against one vendor with a fixed rate limit, beside a pool that simply keeps so many
 * calls under way. Prints what the vendor took per second, as a share of its limit, and how much it had to refuse.
 *
 *     npm run bench:batch -- --limit 50 --kind bucket --seconds 30 --latency 150
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createStandin } from '@standin/core/library/create-standin';
import { loadConfig } from '@standin/core/config/load';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputOf, runBatch } from '@standin/batch';

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
};
const word = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? (process.argv[at + 1] ?? otherwise) : otherwise;
};
const LIMIT = option('limit', 50);
const SECONDS = option('seconds', 30);
const LATENCY_MS = option('latency', 150);
const CONCURRENCY = option('concurrency', 64);
const KINDS = word('kind', 'bucket,window,tokens').split(',');
/** Lines of `tokens` are as long as this on average, a tenth to twice as much. */
const MEAN_TOKENS = 250;
const CHARS_PER_TOKEN = 4;

/** Milliseconds to wait when a call of so many tokens is refused; `undefined` when it is taken. */
type Limiter = (now: number, tokens: number) => number | undefined;

const LIMITERS: Readonly<Record<string, () => Limiter>> = {
  bucket: () => {
    let [tokens, at] = [LIMIT, performance.now()];
    return (now) => {
      tokens = Math.min(LIMIT, tokens + ((now - at) / 1_000) * LIMIT);
      at = now;
      if (tokens < 1) return ((1 - tokens) / LIMIT) * 1_000;
      tokens -= 1;
      return undefined;
    };
  },
  tokens: () => {
    const most = LIMIT * MEAN_TOKENS;
    let [left, at] = [most, performance.now()];
    return (now, tokens) => {
      left = Math.min(most, left + ((now - at) / 1_000) * most);
      at = now;
      if (left < tokens) return ((tokens - left) / most) * 1_000;
      left -= tokens;
      return undefined;
    };
  },
  window: () => {
    let [window, used] = [-1, 0];
    return (now) => {
      const current = Math.floor(now / 1_000);
      if (current !== window) [window, used] = [current, 0];
      if (used >= LIMIT) return (current + 1) * 1_000 - now;
      used += 1;
      return undefined;
    };
  },
};

async function startVendor(limiter: Limiter) {
  const counts = { taken: 0, refused: 0, tokens: 0 };
  const server = createServer((request, response) => {
    let chars = 0;
    request.on('data', (chunk: Buffer) => (chars += chunk.length));
    request.on('end', () => {
      const tokens = Math.ceil(chars / CHARS_PER_TOKEN);
      const waitMs = limiter(performance.now(), tokens);
      if (waitMs !== undefined) {
        counts.refused += 1;
        response.writeHead(429, { 'retry-after-ms': String(Math.ceil(waitMs)), 'content-type': 'application/json' });
        return response.end(
          JSON.stringify({ error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } }),
        );
      }
      counts.taken += 1;
      counts.tokens += tokens;
      const body = {
        id: 'x', object: 'chat.completion', created: 1, model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
      }; // prettier-ignore
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      }, LATENCY_MS);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { counts, url: `http://127.0.0.1:${port}/v1`, close: () => server.closeAllConnections() };
}

/** The same lines in every run, from a tenth of the usual length to twice as much. */
function questionOf(line: number): string {
  const share = ((line * 7_919) % 1_000) / 1_000;
  return `question ${line} ${'x'.repeat(Math.floor(MEAN_TOKENS * CHARS_PER_TOKEN * (0.1 + 1.6 * share)))}`;
}

async function batch(url: string, lines: number): Promise<{ answered: number; failed: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'standin-bench-'));
  const file = join(dir, 'standin.toml');
  const entry = `schema_version = 3\n[providers.models.custom.limited]\nuri = "${url}"\napi_key = "sk-bench"\nmodel = "m"\n[agents.default]\nmodel_provider = "custom.limited"\n`;
  writeFileSync(file, entry);
  const standin = await createStandin({ config: loadConfig({ configPath: file, env: {} }), env: {} });
  async function* source() {
    for (let line = 0; line < lines; line++) yield Buffer.from(`${questionOf(line)}\n`);
  }
  const summary = await runBatch({
    standin,
    records: inputOf(source, 'text').records(),
    writer: { write: async () => {}, close: async () => {} },
    priceOf: () => undefined,
    concurrency: CONCURRENCY,
  });
  standin.close();
  rmSync(dir, { recursive: true });
  return summary;
}

/** What people write first: so many at once, each call once more after its Retry-After, twice at most. */
async function naive(url: string, lines: number): Promise<{ answered: number; failed: number }> {
  let [next, answered, failed] = [0, 0, 0];
  const worker = async (): Promise<void> => {
    while (next < lines) {
      const body = JSON.stringify({ messages: [{ role: 'user', content: questionOf(next) }] });
      next += 1;
      for (let tries = 1; ; tries++) {
        const response = await fetch(`${url}/chat/completions`, { method: 'POST', body });
        await response.text();
        if (response.ok) answered += 1;
        else if (tries > 2) failed += 1;
        else {
          await wait(Number(response.headers.get('retry-after-ms')));
          continue;
        }
        break;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { answered, failed };
}

console.log(`limit ${LIMIT}/s, ${SECONDS} s of work, ${LATENCY_MS} ms an answer, ${CONCURRENCY} at once`);
for (const kind of KINDS) {
  for (const [name, run] of [
    ['standin batch', batch],
    ['Promise.all pool', naive],
  ] as const) {
    const limiter = LIMITERS[kind];
    if (limiter === undefined) throw new Error(`--kind is one of ${Object.keys(LIMITERS).join(', ')}, not ${kind}.`);
    const vendor = await startVendor(limiter());
    const startedAt = performance.now();
    const { answered, failed } = await run(vendor.url, LIMIT * SECONDS);
    const seconds = (performance.now() - startedAt) / 1_000;
    const { taken, refused, tokens } = vendor.counts;
    const share = kind === 'tokens' ? tokens / seconds / (LIMIT * MEAN_TOKENS) : taken / seconds / LIMIT;
    console.log(
      `${kind.padEnd(7)} ${name.padEnd(17)} ${(taken / seconds).toFixed(1)}/s = ${(share * 100).toFixed(1)} % of the limit; refused ${refused} (${((refused / (taken + refused)) * 100).toFixed(1)} %); lines answered ${answered}, failed ${failed}`,
    );
    vendor.close();
  }
}
process.exit(0);
