import type { Stage } from './stage.ts';
import { seeded } from './made-up.ts';

const QUESTIONS = [
  'What is a tide?',
  'Summarise this thread.',
  'Write a haiku about rain.',
  'Why is the sky blue?',
  'Plan a week in Lisbon.',
];
const FAULTS = ['429-after2', '503', 'cut-at60', '529', 'stall-at40-lasts900', 'error-event-at30'];

/** Callers as a gateway has them, some of whom meet a failing vendor. Returns how to end it; that waits for what is under way. */
export function startTraffic(
  stage: Stage,
  options: {
    readonly perSecond: number;
    readonly failing: number;
    readonly headers?: Readonly<Record<string, string>>;
  },
): () => Promise<void> {
  const random = seeded(11);
  const underWay = new Set<Promise<unknown>>();
  const timer = setInterval(() => {
    if (underWay.size > 40) return;
    if (random() < options.failing)
      stage.vendors[0].failNext(FAULTS[Math.floor(random() * FAULTS.length)] ?? '503', 1 + Math.floor(random() * 2));
    const model = random() < 0.75 ? 'anthropic.main' : random() < 0.6 ? 'researcher' : 'llamacpp.local';
    const content = QUESTIONS[Math.floor(random() * QUESTIONS.length)];
    const call = stage
      .call({ model, stream: random() < 0.9, messages: [{ role: 'user', content }] }, options.headers)
      .catch(() => undefined);
    underWay.add(call);
    void call.finally(() => underWay.delete(call));
  }, 1_000 / options.perSecond);
  return async () => {
    clearInterval(timer);
    await Promise.allSettled(underWay);
  };
}
