import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WIRE_IDS } from '../../src/spec/wire-id.ts';
import { allRecordings, haveRecordings, noRecordings, recordingsOf } from '../testkit/recordings.ts';

const TESTS = new URL('../', import.meta.url);
const KINDS = ['stream', 'whole', 'error'] as const;

/** Sources of the tests that read recordings, each with its own name. */
const readers = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((path) => /^wires-[^/]+\/record\w+\.test\.ts$/.test(path))
  .map((path) => [path, readFileSync(new URL(path, TESTS), 'utf8')] as const);

if (!haveRecordings) console.log(noRecordings);

describe.runIf(haveRecordings)('recorded answers', () => {
  it('each belong to a wire, by their content', () => {
    expect(allRecordings().length).toBeGreaterThan(0);
    expect(allRecordings().filter(({ wire }) => wire === undefined)).toEqual([]);
    const listed = WIRE_IDS.flatMap((wire) => KINDS.flatMap((kind) => recordingsOf(wire, kind)));
    expect(listed.toSorted()).toEqual(
      allRecordings()
        .map(({ path }) => path)
        .toSorted(),
    );
  });

  it('are all read by the tests of their wire', () => {
    const kinds = new Set(allRecordings().map(({ wire, kind }) => `recordingsOf('${wire}', '${kind}')`));
    const missing = [...kinds].filter((call) => !readers.some(([, source]) => source.includes(call)));
    expect(missing).toEqual([]);
  });

  it.each(readers)('%s leaves none out by name or vendor', (_path, source) => {
    expect(source).not.toMatch(/\.skip\(|recordingsOf\([^)]*\)\s*\.\s*(filter|slice)/);
  });
});
