import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const MODULE = new URL('../src/serve/compile-early.ts', import.meta.url).href;
/** Bits of the engine's answer: optimized by its first and its second compiler. */
const COMPILED = (1 << 4) | (1 << 5) | (1 << 6);

/** Whether a function was compiled after 300 calls, in a process that does `before` first. */
function isCompiled(before: string): boolean {
  const program = `
    import { compileEarly } from ${JSON.stringify(MODULE)};
    ${before}
    function add(one, other) { return one + other; }
    let sum = 0;
    for (let i = 0; i < 300; i++) {
      sum = add(sum, i);
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    process.stdout.write(String(%GetOptimizationStatus(add)));`;
  const args = ['--allow-natives-syntax', '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  // The engine complains there of a setting that it does not know.
  expect(stderr).toBe('');
  return (Number(stdout) & COMPILED) !== 0;
}

test('hot code is compiled sooner', () => {
  expect(isCompiled('')).toBe(false);
  expect(isCompiled('compileEarly();')).toBe(true);
});

test('an engine that was not measured keeps its own thresholds', () => {
  expect(isCompiled("compileEarly('14.1.146.11-node.14');")).toBe(false);
});
