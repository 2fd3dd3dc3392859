import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shapeProblem } from '../src/json-shape.ts';

const problemOf = (text: string): string | undefined => shapeProblem(Buffer.from(text));
const LONG = 'x'.repeat(70_000);

describe('the shape of a large body', () => {
  test('passes whatever a conversation holds, its strings too', () => {
    const tricky = fc.string({ unit: fc.constantFrom('"', '\\', '[', '{', ']', ',', 'a', 'é', '\n') });
    fc.assert(
      fc.property(fc.array(tricky, { maxLength: 20 }), fc.json(), (strings, json) => {
        const text = JSON.stringify({
          first: '['.repeat(2_000),
          strings,
          pad: LONG,
          more: JSON.parse(json) as unknown,
        });
        expect(problemOf(text)).toBeUndefined();
        // The same strings inside a string inside a list deeper than allowed: only the list counts.
        expect(problemOf(`${'['.repeat(513)}${JSON.stringify(text)}`)).toContain('512 levels');
        expect(problemOf(`${'['.repeat(512)}${JSON.stringify(text)}`)).toBeUndefined();
      }),
    );
  });

  test('is refused when parsing it would keep others waiting', () => {
    expect(problemOf(`[${'{},'.repeat(200_001)}`)).toContain('200000 objects');
    expect(problemOf(`[${'1,'.repeat(2_000_001)}`)).toContain('2000000 members');
    expect(problemOf(`{"a":"${LONG}\\"${'['.repeat(600)}`)).toBeUndefined();
  });
});
