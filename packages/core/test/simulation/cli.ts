import { parseArgs } from 'node:util';
import { campaign } from './campaign.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    most: { type: 'string', default: '1' },
    brief: { type: 'boolean', default: false },
  },
});
const started = performance.now();
const result = await campaign({
  schedules: Number(values.schedules),
  seed: Number(values.seed),
  most: Number(values.most),
  shrinks: !values.brief,
  onProgress: (count) => console.error(`${count} schedules`),
});
const { failures, ...sums } = result;
for (const failure of failures) console.log(values.brief ? `seed ${failure.seed}: ${failure.problem}` : failure.report);
console.log(
  JSON.stringify({ ...sums, failures: failures.length, seconds: Math.round((performance.now() - started) / 100) / 10 }),
);
process.exitCode = failures.length > 0 ? 1 : 0;
