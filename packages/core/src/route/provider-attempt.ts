import type { ErrorDetails } from '../spec/errors.ts';
import { isContent, isReasoning } from '../spec/event.ts';
import type { Provider } from '../spec/provider.ts';
import type { AttemptHandle, AttemptInput, AttemptSink } from './attempt.ts';
import { fromUnknown, timedOut, type AttemptFacts } from './failures.ts';
import { tailor } from './tailor.ts';
import { charsIn, createWatch } from './watch.ts';

/** An attempt carried out by a hand-written Provider: its iterator is pulled, its errors become typed failures. */
export function startProviderAttempt(input: AttemptInput, provider: Provider, sink: AttemptSink): AttemptHandle {
  const facts: AttemptFacts = { lost: [] };
  const controller = new AbortController();
  let over = false;
  let sawContent = false;
  let paused: { readonly wait: Promise<void>; readonly go: () => void } | undefined;

  const fail = (error: ErrorDetails): void => {
    if (over) return;
    over = true;
    watch.stop();
    controller.abort();
    sink.onFail(error);
  };
  const watch = createWatch(input.clock, input.limits, (phase) => fail(timedOut(phase, input.limits)));

  const pull = async (): Promise<void> => {
    // Given up before it began: nothing may be asked any more.
    if (over) return;
    const model = input.target.model === '' ? input.request.model : input.target.model;
    const options = { signal: controller.signal, stream: input.mode === 'stream' };
    let finished = false;
    const nativeTools = input.target.nativeTools !== false && !input.repairs.includes('tools');
    const structuredOutput = provider.capabilities.structuredOutput === false ? 'none' : 'json_schema';
    const tailored = tailor(input.request, { nativeTools, structuredOutput, schemaDialect: 'plain' }, input);
    const reader = tailored.reader(false);
    facts.lost = tailored.notes;
    for await (const event of provider.chat({ ...tailored.request, model }, options)) {
      if (over) return;
      if (isContent(event)) sawContent = true;
      if (isContent(event) || isReasoning(event)) watch.progress(watch.counts ? charsIn([event]) : 0);
      if (event.type === 'finish') finished = true;
      const shown = reader?.push([event]) ?? [event];
      if (shown.length > 0) sink.onEvents(shown);
      if (paused !== undefined) await paused.wait;
    }
    if (over) return;
    const phase = sawContent ? 'content' : 'first-content';
    if (!finished)
      return fail({ kind: 'truncated', message: `${provider.name} ended its stream without a finish event.`, phase });
    over = true;
    watch.stop();
    sink.onDone();
  };
  // Started a microtask later, so that the caller holds the handle before the first callback.
  queueMicrotask(() => {
    pull().catch((error: unknown) => fail(fromUnknown(error, sawContent ? 'content' : 'first-content')));
  });
  return {
    facts,
    pause() {
      if (paused !== undefined) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      paused = { wait: promise, go: resolve };
      watch.pause();
    },
    resume() {
      watch.resume();
      paused?.go();
      paused = undefined;
    },
    abort() {
      if (over) return;
      over = true;
      watch.stop();
      controller.abort();
      paused?.go();
    },
  };
}
