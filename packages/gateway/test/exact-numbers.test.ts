import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keepNumbersUnder } from '../src/exact-numbers.ts';

function read(text: string): { messages: { content: { input: unknown }[] }[]; temperature: unknown } {
  const parsed = JSON.parse(text) as never;
  keepNumbersUnder('input', text, parsed);
  return parsed;
}

describe('tool arguments that arrive as an object', () => {
  test.each(['12345678901234567890', '1.0', '-0', '1e5', '0.10', '1E+2', '3.141592653589793238'])(
    'keep the digits of %s, and nothing else changes',
    (digits) => {
      const text = `{"messages":[{"content":[{"type":"tool_use","input":{"x":${digits},"y":[${digits}],"z":2}}]}],"temperature":1.0}`;
      const body = read(text);
      expect(JSON.stringify(body.messages[0]?.content[0]?.input)).toBe(`{"x":${digits},"y":[${digits}],"z":2}`);
      expect(body.temperature).toBe(1);
    },
  );

  test('hold for any number JSON can write', () => {
    const digits = fc.tuple(
      fc.constantFrom('', '-'),
      fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String),
      fc.constantFrom('', '.0', '.50', '.123456789012345678'),
      fc.constantFrom('', 'e3', 'E-7'),
    );
    fc.assert(
      fc.property(digits, fc.constantFrom('', ' ', '\n\t'), (parts, space) => {
        const number = parts.join('');
        const body = read(`{"messages":[{"content":[{"input":{"a":${space}${number}${space}}}]}]}`);
        expect(JSON.stringify(body.messages[0]?.content[0]?.input)).toBe(`{"a":${number}}`);
      }),
    );
  });
});
