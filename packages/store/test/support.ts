import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { Clock } from '@standin/core/spec/clock';
import { onTestFinished } from 'vitest';
import type { RequestEntry } from '../src/entry.ts';

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'standin-store-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export interface TestClock extends Clock {
  /** Moves on, running what becomes due in order. */
  advance(ms: number): void;
}

export function testClock(wallMs = Date.UTC(2026, 10, 20, 12)): TestClock {
  let now = 0;
  const timers = new Map<object, { at: number; run: () => void }>();
  return {
    now: () => now,
    wallMs: () => wallMs + now,
    after(ms, run) {
      const handle = {};
      timers.set(handle, { at: now + ms, run });
      return handle;
    },
    clear: (handle) => void timers.delete(handle as object),
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next[0]);
        now = next[1].at;
        next[1].run();
      }
      now = end;
    },
  };
}

export function attempt(fields: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    attempt: 1,
    provider: 'openai.main',
    model: 'model-a',
    outcome: 'ok',
    startedMs: 0,
    firstContentMs: 12,
    endedMs: 40,
    waitedMs: 0,
    reason: 'first target',
    usage: { inputTokens: 100, outputTokens: 20 },
    ...fields,
  };
}

let count = 0;

export function entry(fields: Partial<RequestEntry> = {}): RequestEntry {
  return {
    id: `req_${++count}`,
    startedAt: Date.UTC(2026, 10, 20, 12),
    tookMs: 40,
    outcome: 'ok',
    status: 200,
    protocol: 'openai-chat',
    mode: 'whole',
    requestedModel: 'model-a',
    provider: 'openai.main',
    model: 'model-a',
    attempts: [attempt()],
    ...fields,
  };
}
