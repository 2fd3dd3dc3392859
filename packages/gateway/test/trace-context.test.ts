import { describe, expect, test } from 'vitest';
import { traceHeaders, traceOf } from '../src/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('trace context', () => {
  test("goes on with the caller's trace, under a span of its own", () => {
    const trace = traceOf({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=x' });
    expect(trace).toMatchObject({ traceId: TRACE, parentId: PARENT, isSampled: true, state: 'vendor=x' });
    expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(traceHeaders(trace)).toEqual({ traceparent: `00-${TRACE}-${trace.spanId}-01`, tracestate: 'vendor=x' });
  });

  test('keeps a decision not to sample, and reads later versions as far as they are known', () => {
    const trace = traceOf({ traceparent: `00-${TRACE}-${PARENT}-00` });
    expect(trace.isSampled).toBe(false);
    expect(traceHeaders(trace).traceparent).toMatch(/-00$/);
    expect(traceOf({ traceparent: `cc-${TRACE}-${PARENT}-03-what-comes` })).toMatchObject({ traceId: TRACE });
  });

  test.each([
    ['nothing', undefined],
    ['an unknown version', `ff-${TRACE}-${PARENT}-01`],
    ['an empty trace', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['an empty parent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['something else', 'hello'],
  ])('begins a trace of its own for %s', (_what, traceparent) => {
    const trace = traceOf({ traceparent, tracestate: 'a=b' });
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.traceId).not.toBe(TRACE);
    expect(trace.parentId).toBeUndefined();
    expect(trace.state).toBeUndefined();
  });
});
