import { signal } from '@preact/signals';
import { csrfHeaders, session } from '../api/client.ts';
import { toast } from '../ui/toast.tsx';
import { Answer, bodyOf, EventSplitter, type Settings, type Turn } from '../lib/chat.ts';

export interface Run {
  readonly id: string | undefined;
  readonly startedAt: number;
  /** Milliseconds until the first text, and until the end. */
  readonly firstMs: number | undefined;
  readonly tookMs: number | undefined;
  readonly error: string | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly attempts: number | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

/** The conversation lasts as long as the page; it is kept nowhere. */
export const settings = signal<Settings>({ model: '', system: '', temperature: '', maxTokens: '', tools: '' });
export const turns = signal<readonly Turn[]>([]);
/** The answer under way. */
export const growing = signal<Turn | undefined>(undefined);
export const run = signal<Run | undefined>(undefined);

let abort: AbortController | undefined;

export function stop(): void {
  abort?.abort();
}

export function reset(): void {
  stop();
  turns.value = [];
  growing.value = undefined;
  run.value = undefined;
}

/** Sends the conversation and shows its answer as it comes. Throws `SettingsError` before anything is sent. */
export async function send(added: readonly Turn[]): Promise<void> {
  const next = [...turns.value, ...added];
  const body = bodyOf(settings.value, next);
  turns.value = next;
  const own = new AbortController();
  abort = own;
  const startedAt = Date.now();
  const none = {
    firstMs: undefined,
    tookMs: undefined,
    error: undefined,
    provider: undefined,
    model: undefined,
    attempts: undefined,
    inputTokens: undefined,
    outputTokens: undefined,
  };
  run.value = { id: undefined, startedAt, ...none };
  growing.value = { role: 'assistant', text: '', reasoning: '', calls: [] };
  const answer = new Answer();
  let frame = 0;
  const draw = (): void => {
    frame = 0;
    if (own === abort) growing.value = answer.turn();
  };
  const update = (change: Partial<Run>): void => {
    if (own === abort && run.value !== undefined) run.value = { ...run.value, ...change };
  };
  let error: string | undefined;
  try {
    const response = await fetch('/v1/chat/completions', {
      method: 'POST',
      signal: own.signal,
      headers: { 'content-type': 'application/json', ...csrfHeaders() },
      body: JSON.stringify(body),
    });
    update({
      id: response.headers.get('x-request-id') ?? undefined,
      provider: response.headers.get('x-standin-provider') ?? undefined,
      model: response.headers.get('x-standin-model') ?? undefined,
    });
    if (!response.ok || response.body === null) throw new Error(await refusalOf(response));
    const splitter = new EventSplitter();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (const data of splitter.push(value)) answer.take(data);
      const { text, calls } = answer.turn();
      if (run.value?.firstMs === undefined && (text !== '' || calls.length > 0))
        update({ firstMs: Date.now() - startedAt });
      frame ||= requestAnimationFrame(draw);
    }
    if (answer.error === undefined && !answer.isDone) error = 'The answer broke off before its end.';
  } catch (thrown) {
    error = own.signal.aborted
      ? 'Stopped; the vendor was told to stop as well.'
      : thrown instanceof Error
        ? thrown.message
        : String(thrown);
  }
  cancelAnimationFrame(frame);
  if (own !== abort) return;
  const turn = answer.turn();
  if (turn.text !== '' || turn.calls.length > 0) turns.value = [...turns.value, turn];
  growing.value = undefined;
  update({
    tookMs: Date.now() - startedAt,
    error: answer.error ?? error,
    model: answer.model ?? run.value?.model,
    inputTokens: answer.inputTokens,
    outputTokens: answer.outputTokens,
  });
}

/** As `send`; what cannot be sent is told as a toast. */
export async function trySend(added: readonly Turn[]): Promise<boolean> {
  try {
    await send(added);
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), 'bad');
    return false;
  }
}

async function refusalOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: { message?: string; code?: string } };
    if (response.status === 401 && error?.code === 'session_required') session.value = 'none';
    return error?.message ?? `The gateway answered with status ${response.status}.`;
  } catch {
    return `The gateway answered with status ${response.status}.`;
  }
}
