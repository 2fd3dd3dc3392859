/** One measured client in a process of its own: `library-worker.ts KIND URL CALLS EVENTS` prints one JSON line. */
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import type * as Library from '@standin/core';

const [kind = '', url = '', calls = '1000', events = '2000'] = process.argv.slice(2);
const messages = [{ role: 'user' as const, content: 'hello' }];

interface Client {
  plain(): Promise<string>;
  stream(): Promise<number>;
}

async function client(): Promise<Client> {
  if (kind === 'openai') {
    const { default: OpenAI } = await import('openai');
    const openai = new OpenAI({ apiKey: 'sk-bench', baseURL: url, maxRetries: 0 });
    return {
      plain: async () =>
        (await openai.chat.completions.create({ model: 'mock', messages })).choices[0]?.message.content ?? '',
      async stream() {
        let count = 0;
        for await (const chunk of await openai.chat.completions.create({ model: 'mock', messages, stream: true })) {
          if (chunk.choices[0]?.delta.content) count++;
        }
        return count;
      },
    };
  }
  const built = pathToFileURL(resolve(import.meta.dirname, '../packages/standin/dist/index.js')).href;
  const standin = (await import(built)) as typeof Library;
  const bare = standin.openai({ baseUrl: url, apiKey: 'sk-bench', model: 'mock' });
  const provider = kind === 'standin-stack' ? standin.retry(standin.fallback([bare, bare])) : bare;
  return {
    plain: async () => (await standin.collect(provider.chat({ messages }, { stream: false }))).text,
    async stream() {
      let count = 0;
      for await (const event of provider.chat({ messages })) if (event.type === 'text-delta') count++;
      return count;
    },
  };
}

const subject = await client();
const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
for (let i = 0; i < 300; i++) await subject.plain();
for (let i = 0; i < 3; i++) await subject.stream();
const count = Number(calls);
const before = cpu();
for (let i = 0; i < count; i++) if ((await subject.plain()) === '') throw new Error('an empty answer');
const perCall = (cpu() - before) / count;
const rounds = 10;
const start = cpu();
let seen = 0;
for (let i = 0; i < rounds; i++) seen += await subject.stream();
const perEvent = (cpu() - start) / seen;
if (seen !== rounds * Number(events)) throw new Error(`${seen} events instead of ${rounds * Number(events)}`);
console.log(JSON.stringify({ kind, perCall, perEvent, rssMb: process.memoryUsage().rss / 2 ** 20 }));
process.exit(0);
