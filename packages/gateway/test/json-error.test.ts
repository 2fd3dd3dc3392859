import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { locateJsonError } from '../src/json-error.ts';

describe('locating a JSON error', () => {
  test.each([
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['{"a": nul}', 6],
    ['[1, 2', 5],
    ['{"a": "x', 8],
    ['hello', 0],
    ['{} {}', 3],
    ['{a: 1}', 1],
    ['["\\q"]', 2],
    ['["a\nb"]', 3],
    ['[01]', 2],
  ])('%j fails at %i', (text, offset) => {
    expect(locateJsonError(text).offset).toBe(offset);
  });

  test('names line and column', () => {
    const place = locateJsonError('{\n  "a": 1\n  "b": 2\n}');
    expect(place).toMatchObject({ line: 3, column: 3 });
  });

  test('agrees with the engine on what is JSON, for documents damaged anywhere', () => {
    const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', '\\', 'x', ' ', '1', ':'));
    fc.assert(
      fc.property(damaged, ([text, at, put]) => {
        const place = at % (text.length + 1);
        const broken = text.slice(0, place) + put + text.slice(place + 1);
        const found = locateJsonError(broken);
        let engine: string | undefined;
        try {
          JSON.parse(broken);
        } catch (error) {
          engine = String(error);
        }
        expect(found.problem === 'no error found').toBe(engine === undefined);
        const position = /at position (\d+)/.exec(engine ?? '');
        if (position !== null && !/escape|string|number|control/i.test(engine ?? ''))
          expect(found.offset).toBe(Number(position[1]));
      }),
      { numRuns: 500 },
    );
  });

  test('survives nesting that would overflow a recursive reader', () => {
    expect(locateJsonError('['.repeat(200_000)).offset).toBe(200_000);
  });
});
