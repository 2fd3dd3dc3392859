import { computed, signal } from '@preact/signals';
import { ApiError, ask, messageOf, post } from '../api/client.ts';
import type { ApplyAnswer, Change, CheckAnswer, ConfigAnswer, SchemaAnswer } from '../api/config-types.ts';
import { changesOf, without, withChange, type Draft } from '../lib/draft.ts';
import { toast } from '../ui/toast.tsx';

/** The config as the gateway tells it, and the edits that wait. Kept while other pages are open. */
export const config = signal<ConfigAnswer | undefined>(undefined);
export const schema = signal<SchemaAnswer | undefined>(undefined);
export const loadError = signal<string | undefined>(undefined);
export const draft = signal<Draft>(new Map());
/** What the gateway says of the draft; `undefined` while it is asked. */
export const checked = signal<CheckAnswer | undefined>(undefined);
export const checkError = signal<string | undefined>(undefined);
/** Fields whose text cannot be read as their type; they are not sent. */
export const unreadable = signal<ReadonlyMap<string, string>>(new Map());

export const entries = computed(() =>
  (config.value?.sections ?? [])
    .filter(({ kind }) => kind === 'entry')
    .map(({ path }) => path.replace(/^providers\.models\./, '')),
);

export async function loadConfig(): Promise<void> {
  try {
    const [answer, found] = await Promise.all([
      ask<ConfigAnswer>('/api/config'),
      schema.value ?? ask<SchemaAnswer>('/api/config/schema'),
    ]);
    config.value = answer;
    schema.value = found;
    loadError.value = undefined;
  } catch (error) {
    loadError.value = messageOf(error);
  }
}

let timer: ReturnType<typeof setTimeout> | undefined;
let turn = 0;

function checkSoon(): void {
  clearTimeout(timer);
  checked.value = undefined;
  checkError.value = undefined;
  turn += 1;
  if (draft.value.size === 0) return;
  const own = turn;
  timer = setTimeout(() => {
    post<CheckAnswer>('/api/config/check', { changes: changesOf(draft.value) }).then(
      (answer) => {
        if (own === turn) checked.value = answer;
      },
      (error: unknown) => {
        if (own === turn) checkError.value = messageOf(error);
      },
    );
  }, 300);
}

export function edit(change: Change): void {
  draft.value = withChange(draft.value, change);
  setReadable(change.path);
  checkSoon();
}

export function takeBack(path: string): void {
  draft.value = without(draft.value, path);
  setReadable(path);
  checkSoon();
}

export function discard(): void {
  draft.value = new Map();
  unreadable.value = new Map();
  checkSoon();
}

export function setUnreadable(path: string, message: string): void {
  unreadable.value = new Map(unreadable.value).set(path, message);
}

function setReadable(path: string): void {
  if (!unreadable.value.has(path)) return;
  const next = new Map(unreadable.value);
  next.delete(path);
  unreadable.value = next;
}

/** Applies changes to the file as it was read. Throws what the gateway refused. */
export async function apply(changes: readonly Change[]): Promise<void> {
  try {
    const answer = await post<ApplyAnswer>('/api/config/apply', { hash: config.value?.hash, changes });
    discard();
    await loadConfig();
    const action = answer.undo === null ? undefined : { text: 'Undo', run: () => void undo(answer.undo ?? '') };
    toast(answer.changed ? 'Applied; the next call uses it' : 'Nothing had to be changed', 'good', action);
  } catch (error) {
    // The file is another one now: shown anew, with the edits kept.
    if (error instanceof ApiError && error.code === 'config_changed') {
      await loadConfig();
      checkSoon();
    }
    throw error;
  }
}

export async function undo(id: string): Promise<void> {
  try {
    await post<ApplyAnswer>('/api/config/undo', { hash: config.value?.hash, id });
    toast('Undone; the config is as it was before');
  } catch (error) {
    toast(messageOf(error), 'bad');
  }
  await loadConfig();
  checkSoon();
}

addEventListener('beforeunload', (event) => {
  if (draft.value.size > 0) event.preventDefault();
});
