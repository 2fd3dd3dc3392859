/**
 * Random texts, cuts and chunkings over real sockets: an answer that broke off reaches its caller byte for byte as it
 * would have without the break, or ends in a plain error; one that was spliced from two different answers is never called
 * complete. `npm run rescue-property -- --cases 10000 --seed 1`. A miss prints its case; `--from N --cases 1` plays it again.
 */
import { parseArgs } from 'node:util';
import { chanceOf } from '../packages/gateway/test/acceptance/chance.ts';
import { FAULTS } from '../packages/gateway/test/acceptance/faults.ts';
import { inParallel, nameOf, play } from '../packages/gateway/test/acceptance/play.ts';
import { WIRES } from '../packages/gateway/test/acceptance/wire.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
  },
});
const broken = FAULTS.filter(({ name, slow }) => slow !== true && /^cut|^error event in|^a broken event/.test(name));
const first = Number(values.from);
const numbers = Array.from({ length: Number(values.cases) }, (_, index) => first + index);

const ends = new Map<string, number>();
let missed = 0;
let played = 0;
await inParallel(numbers, 4, async (number) => {
  const seed = Number(values.seed) * 1_000_003 + number;
  const chance = chanceOf(seed);
  const fault = chance.pick(broken);
  const one = { fault, caller: chance.pick(WIRES), wires: [chance.pick(WIRES), chance.pick(WIRES)] as const, seed };
  const { saw, wrong } = await play(one).catch((error: unknown) => ({ saw: 'nothing', wrong: String(error) }));
  ends.set(`${fault.name}: ${saw}`, (ends.get(`${fault.name}: ${saw}`) ?? 0) + 1);
  if (wrong !== undefined) {
    missed++;
    console.log(`MISS --seed ${values.seed} --from ${number} --cases 1: ${fault.name}, ${nameOf(one)}: ${wrong}`);
  }
  if (++played % 1_000 === 0) console.log(`${played} cases`);
});
for (const [end, count] of [...ends].sort(([a], [b]) => a.localeCompare(b)))
  console.log(`${String(count).padStart(6)}  ${end}`);
console.log(`${played} cases, ${missed} missed`);
process.exitCode = missed === 0 ? 0 : 1;
