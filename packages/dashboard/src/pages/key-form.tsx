import { useState } from 'preact/hooks';
import { post } from '../api/client.ts';
import type { CallerKey } from '../api/types.ts';
import { Dialog, Notice } from '../ui/parts.tsx';
import { useAction } from '../ui/use.ts';

interface FormState {
  readonly name: string;
  readonly models: string;
  readonly rpm: string;
  readonly tpm: string;
  readonly parallel: string;
  readonly budgetDayUsd: string;
  readonly budgetMonthUsd: string;
  readonly soft: boolean;
  readonly admin: boolean;
}

function stateOf(key: CallerKey | undefined): FormState {
  const text = (value: number | string | null | undefined): string =>
    value === null || value === undefined ? '' : String(Number(value));
  return {
    name: key?.name ?? '',
    models: key?.models?.join(', ') ?? '',
    rpm: text(key?.rpm),
    tpm: text(key?.tpm),
    parallel: text(key?.parallel),
    budgetDayUsd: text(key?.budgetDayUsd),
    budgetMonthUsd: text(key?.budgetMonthUsd),
    soft: key?.soft ?? false,
    admin: key?.admin ?? false,
  };
}

/** Empty fields are no limit, not a limit of 0. */
export function limitsOf(state: FormState): Record<string, unknown> {
  const models = state.models.split(/[\s,]+/).filter((name) => name !== '');
  const body: Record<string, unknown> = {};
  if (models.length > 0) body['models'] = models;
  for (const name of ['rpm', 'tpm', 'parallel'] as const)
    if (state[name].trim() !== '') body[name] = Number(state[name]);
  for (const name of ['budgetDayUsd', 'budgetMonthUsd'] as const)
    if (state[name].trim() !== '') body[name] = state[name].trim();
  if (state.soft) body['soft'] = true;
  return body;
}

export function KeyForm({
  edited,
  onClose,
  onDone,
}: {
  edited?: CallerKey;
  onClose: () => void;
  onDone: (key: string) => void;
}) {
  const [state, setState] = useState(() => stateOf(edited));
  const set = (change: Partial<FormState>): void => setState((before) => ({ ...before, ...change }));
  const { busy, error, start } = useAction(async () => {
    if (edited !== undefined) {
      await post(`/api/keys/${encodeURIComponent(edited.id)}/limits`, limitsOf(state));
      onDone('');
      return;
    }
    const answer = await post<{ key: string }>('/api/keys', {
      name: state.name.trim(),
      ...limitsOf(state),
      ...(state.admin ? { admin: true } : {}),
    });
    onDone(answer.key);
  });
  const field = (name: 'rpm' | 'tpm' | 'parallel' | 'budgetDayUsd' | 'budgetMonthUsd', label: string, step = '1') => (
    <div class="field">
      <label for={`key-${name}`}>{label}</label>
      <input
        id={`key-${name}`}
        class="input"
        type="number"
        min="0"
        step={step}
        inputMode="decimal"
        placeholder="no limit"
        value={state[name]}
        onInput={(event) => set({ [name]: event.currentTarget.value })}
      />
    </div>
  );
  return (
    <Dialog
      title={edited === undefined ? 'New key' : `Limits of ${edited.name}`}
      onClose={onClose}
      footer={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            form="key-form"
            class="button main-action"
            disabled={busy || (edited === undefined && state.name.trim() === '')}
          >
            {edited === undefined ? 'Make the key' : 'Save'}
          </button>
        </>
      }
    >
      <form
        id="key-form"
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        {edited === undefined && (
          <div class="field">
            <label for="key-name">Name</label>
            <input
              id="key-name"
              class="input"
              required
              maxLength={64}
              autocomplete="off"
              placeholder="who or what will use it"
              value={state.name}
              onInput={(event) => set({ name: event.currentTarget.value })}
            />
          </div>
        )}
        <div class="field">
          <label for="key-models">Models</label>
          <input
            id="key-models"
            class="input"
            autocomplete="off"
            spellcheck={false}
            placeholder="all; or names with *, separated by commas"
            value={state.models}
            onInput={(event) => set({ models: event.currentTarget.value })}
          />
        </div>
        <div class="fields-3">
          {field('rpm', 'Requests per minute')}
          {field('tpm', 'Tokens per minute')}
          {field('parallel', 'Calls at once')}
        </div>
        <div class="fields-3">
          {field('budgetDayUsd', 'USD per day', 'any')}
          {field('budgetMonthUsd', 'USD per month', 'any')}
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={state.soft}
            onChange={(event) => set({ soft: event.currentTarget.checked })}
          />
          Budgets only warn
        </label>
        {edited === undefined && (
          <label class="check">
            <input
              type="checkbox"
              checked={state.admin}
              onChange={(event) => set({ admin: event.currentTarget.checked })}
            />
            May use the admin API (change the config, make keys)
          </label>
        )}
        {error !== undefined && <Notice tone="bad">{error}</Notice>}
      </form>
    </Dialog>
  );
}
