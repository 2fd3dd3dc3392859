import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendTo, beginJournal, checkJournal, holdOutput, readEarlier } from '@standin/batch';

let dir = '';
let out = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'standin-batch-'));
  out = join(dir, 'out.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true }));

const line = (index: number, extra: object = {}) =>
  JSON.stringify({ index, response: `r${index}`, cost_usd: 0.000001, ...extra });

describe('the output as a journal', () => {
  it('knows what is done, wherever the process was killed', async () => {
    const whole = [0, 3, 70_000, 5].map((index) => line(index)).join('\n') + '\n';
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(out, whole);
      truncateSync(out, cut);
      const { done, costNanoUsd } = await readEarlier(out);
      const kept = readFileSync(out, 'utf8');
      expect(kept === '' || kept.endsWith('\n')).toBe(true);
      const indexes = kept
        .split('\n')
        .filter((text) => text !== '')
        .map((text) => (JSON.parse(text) as { index: number }).index);
      expect(done.count).toBe(indexes.length);
      expect(indexes.every((index) => done.has(index))).toBe(true);
      expect(costNanoUsd).toBe(indexes.length * 1_000);
      // A line whose last brace is there is finished, newline or not.
      expect(indexes.length).toBe(whole.slice(0, cut).split('}\n').length - 1 + (whole[cut - 1] === '}' ? 1 : 0));
    }
  });

  it('drops the failed lines when they are to be asked again', async () => {
    writeFileSync(out, `${line(0)}\n${line(1, { error: { kind: 'server', message: 'x' } })}\n${line(2)}\n`);
    expect((await readEarlier(out)).failed).toBe(1);
    const { done, failed } = await readEarlier(out, { retryFailed: true });
    expect([done.count, failed, done.has(1)]).toEqual([2, 0, false]);
    expect(readFileSync(out, 'utf8')).toBe(`${line(0)}\n${line(2)}\n`);
  });

  it('never touches a file that holds something else', async () => {
    const text = `${line(0)}\nmy diary\n${line(1)}\n`;
    writeFileSync(out, text);
    await expect(readEarlier(out)).rejects.toThrow('Line 2');
    await expect(readEarlier(out, { retryFailed: true })).rejects.toThrow('Line 2');
    expect(readFileSync(out, 'utf8')).toBe(text);
  });

  it('writes what comes together in whole lines and loses none', async () => {
    const writer = appendTo(out);
    await Promise.all(Array.from({ length: 500 }, (_, index) => writer.write(line(index))));
    await writer.close();
    expect((await readEarlier(out)).done.count).toBe(500);
  });
});

describe('what an output belongs to', () => {
  it('is one input, which may grow', () => {
    const input = join(dir, 'in.txt');
    writeFileSync(input, 'one\ntwo\n');
    beginJournal(out, input);
    expect(() => checkJournal(out, input)).not.toThrow();
    appendFileSync(input, 'three\n');
    expect(() => checkJournal(out, input)).not.toThrow();
    writeFileSync(input, 'One\ntwo\nthree\n');
    expect(() => checkJournal(out, input)).toThrow('another input');
  });

  it('is one process', () => {
    writeFileSync(`${out}.lock`, '1 elsewhere');
    expect(() => holdOutput(out)).toThrow('Another batch');
    rmSync(`${out}.lock`);
    const release = holdOutput(out);
    release();
    holdOutput(out)();
  });

  it('is one process, even of those that take over a dead one’s lock at the same instant', async () => {
    const rounds = 60;
    // No process has this number.
    for (let round = 0; round < rounds; round++) writeFileSync(`${out}.${round}.lock`, `4194305 ${hostname()} gone`);
    const from = Date.now() + 1_500;
    const code = `
      const { holdOutput } = await import(${JSON.stringify(new URL('../src/hold.ts', import.meta.url).href)});
      const held = [];
      for (let round = 0; round < ${rounds}; round++) {
        while (Date.now() < ${from} + round * 5);
        try { holdOutput(${JSON.stringify(out)} + '.' + round); held.push(round); } catch {}
      }
      process.stdout.write(JSON.stringify(held));
      process.stdin.resume();`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const held = await Promise.all(
      children.map(async ({ stdout }) => {
        let text = '';
        for await (const chunk of stdout) if ((text += String(chunk)).endsWith(']')) break;
        return JSON.parse(text) as number[];
      }),
    );
    for (const child of children) child.kill();
    expect(held.flat().toSorted((one, two) => one - two)).toEqual(Array.from({ length: rounds }, (_, round) => round));
    expect(readdirSync(dir).filter((name) => !/^out\.jsonl\.\d+\.lock$/.test(name))).toEqual([]);
  });
});
