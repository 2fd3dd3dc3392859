/**
 * Plants bugs, one at a time, in a copy of the route and shows that the simulation finds each: `npm run mutants`.
 * Exits 1 when one survives, when the unchanged copy fails, or when a line to be changed is no longer there.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Mutant {
  readonly bug: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

const MUTANTS: readonly Mutant[] = [
  {
    bug: 'the attempt budget is not looked at',
    file: 'pick.ts',
    find: 'return plan.limits.maxAttempts - state.attempts;',
    put: 'return 99 + plan.limits.maxAttempts - state.attempts;',
  },
  {
    bug: 'an attempt may outlive the deadline',
    file: 'limits.ts',
    find: 'totalMs: Math.min(left, entryMs ?? left)',
    put: 'totalMs: entryMs ?? 1e9 + left',
  },
  {
    bug: 'a wait may end after the deadline',
    file: 'pick.ts',
    find: 'return plan.limits.deadlineMs - (now - state.startedAt);',
    put: 'return 60_000 + plan.limits.deadlineMs - (now - state.startedAt);',
  },
  {
    bug: 'a replay that differs is spliced all the same',
    file: 'mend.ts',
    find: 'if (!this.#expected.startsWith(text.slice(0, length), this.#matched)) {',
    put: 'if (length < 0) {',
  },
  {
    bug: 'an answer without its finish reason counts as complete',
    file: 'attempt.ts',
    find: 'if (!this.#finished) {',
    put: 'if (this.#finished && !this.#finished) {',
  },
  {
    bug: 'the loser of a hedge is not hung up on',
    file: 'run.ts',
    find: "this.#dropLanes('Another target answered first.', lane, 'hedge-lost');",
    put: 'this.#lanes.delete(lane);\n      for (const other of this.#lanes) this.#close(other);\n      this.#lanes.add(lane);',
  },
  {
    bug: 'a caller who leaves does not cancel the vendor',
    file: 'run.ts',
    find: "    this.#dropLanes('The caller went away.');\n",
    put: '',
  },
  {
    bug: 'a later answer shortens a cooldown',
    file: 'health.ts',
    find: 'if (row !== undefined && row.until >= until) return;',
    put: '',
  },
  {
    bug: 'an open breaker lets a probe through at once',
    file: 'breaker.ts',
    find: 'if (row === undefined || row.openUntil === 0 || now < row.openUntil || row.probing) return false;',
    put: 'if (row === undefined || row.openUntil === 0 || row.probing) return false;',
  },
  {
    bug: 'timers of an attempt are left running',
    file: 'watch.ts',
    find: '  stop(): void {\n    if (this.#handle !== undefined) this.#clock.clear(this.#handle);',
    put: '  stop(): void {',
  },
  {
    bug: "the first target's key goes to every host",
    file: 'run.ts',
    find: 'const key = target?.keys[decision.key];',
    put: 'const key = this.#plan.targets[0]?.keys[decision.key] ?? target?.keys[decision.key];',
  },
  {
    bug: 'an answer is spliced after a tool call began',
    file: 'decide-rescue.ts',
    find: 'if (delivered.toolCall) return',
    put: 'if (delivered.toolCall && policy === undefined) return',
  },
  {
    bug: 'a hedge is started while an answer is mended',
    file: 'run.ts',
    find: "mode === 'stream' && decision.rescue === undefined &&",
    put: "mode === 'stream' &&",
  },
  {
    bug: 'the loser of a hedge is never asked again',
    file: 'run.ts',
    find: 'if (this.#state.flying.length > 1) this.#state',
    put: 'if (this.#state.flying.length > 9) this.#state',
  },
  {
    bug: 'an empty 200 is passed on as an answer',
    file: 'answer-checks.ts',
    find: "if (reason === 'length' ||",
    put: "if (reason === 'stop' || reason === 'length' ||",
  },
  {
    bug: 'an empty continuation counts as the rest of the answer',
    file: 'mend.ts',
    find: "if (this.#fresh() === '' || this.#echoing()) return { diverged: 'the continuation is empty' };",
    put: '',
  },
  {
    bug: 'a failed attempt leaves its thinking open',
    file: 'splice.ts',
    find: '    this.#open?.clear();\n    return closing;',
    put: '    this.#open?.clear();\n    return closing.slice(1);',
  },
  {
    bug: 'a slow caller does not slow the vendor',
    file: 'run.ts',
    find: '    for (const lane of this.#lanes) lane.handle?.pause();',
    put: '',
  },
];

const { values } = parseArgs({
  options: { schedules: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const root = fileURLToPath(new URL('..', import.meta.url));

/** A copy with one line changed, played until it fails. Returns what the simulation said. */
function play(mutant: Mutant | undefined): { readonly found: boolean; readonly said: string } {
  const dir = mkdtempSync(join(tmpdir(), 'standin-mutant-'));
  try {
    const copy = join(dir, 'packages/core');
    cpSync(join(root, 'packages/core/src'), join(copy, 'src'), { recursive: true });
    cpSync(join(root, 'packages/core/test/simulation'), join(copy, 'test/simulation'), { recursive: true });
    cpSync(join(root, 'packages/core/package.json'), join(copy, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
    if (mutant !== undefined) {
      const path = join(copy, 'src/route', mutant.file);
      const source = readFileSync(path, 'utf8');
      if (source.split(mutant.find).length !== 2) {
        throw new Error(
          `${mutant.file} does not hold this line exactly once, update scripts/mutants.ts: ${mutant.find}`,
        );
      }
      writeFileSync(
        path,
        source.replace(mutant.find, () => mutant.put),
      );
    }
    const cli = join(copy, 'test/simulation/cli.ts');
    const args = [cli, '--schedules', values.schedules, '--seed', values.seed, '--brief'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const said = stdout.split('\n')[0] ?? '';
    if (status !== 0 && !said.startsWith('seed ')) throw new Error(`the copy does not run:\n${stderr}`);
    return { found: status === 1, said };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const clean = play(undefined);
console.log(`${clean.found ? 'FAILS' : 'holds'}  the code as it is${clean.found ? `  ${clean.said}` : ''}`);
let survivors = clean.found ? 1 : 0;
for (const mutant of MUTANTS) {
  const { found, said } = play(mutant);
  if (!found) survivors++;
  console.log(`${found ? 'found' : 'MISSED'}  ${mutant.bug.padEnd(58)}  ${said.slice(0, 110)}`);
}
console.log(`${MUTANTS.length} planted, ${survivors} missed`);
process.exitCode = survivors > 0 ? 1 : 0;
