import { expect, test } from 'vitest';
import { createDelivered } from '../../src/route/delivered.ts';

test('an answer without end is counted, no longer kept, and never mended', () => {
  const delivered = createDelivered();
  const text = 'y'.repeat(64 * 1024);
  for (let i = 0; i < 32; i++) delivered.add([{ type: 'text-delta', index: 0, text }]);
  expect(delivered.text().length).toBe(2 * 1024 * 1024);
  expect(delivered.facts.opaque).toBe(false);
  for (let i = 0; i < 32; i++) delivered.add([{ type: 'text-delta', index: 0, text }]);
  expect(delivered.text()).toBe('');
  expect(delivered.facts).toMatchObject({ opaque: true, textLength: 4 * 1024 * 1024 });
});
