import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { IconButton } from './parts.tsx';

interface Toast {
  readonly id: number;
  readonly text: ComponentChildren;
  readonly tone: 'good' | 'bad';
  readonly action?: { readonly text: string; readonly run: () => void };
}

const toasts = signal<readonly Toast[]>([]);
let next = 0;

/** A short word at the edge: good ones go by themselves, bad ones stay until they are closed. */
export function toast(text: ComponentChildren, tone: Toast['tone'] = 'good', action?: Toast['action']): void {
  const id = next++;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone, ...(action === undefined ? {} : { action }) }];
  if (tone === 'good') setTimeout(() => close(id), action === undefined ? 4_000 : 12_000);
}

const close = (id: number): void => {
  toasts.value = toasts.value.filter((one) => one.id !== id);
};

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, tone, action }) => (
        <div key={id} class={`toast ${tone}`}>
          <div class={tone === 'bad' ? 'grow error-text' : 'grow'}>{text}</div>
          {action !== undefined && (
            <button
              type="button"
              class="button"
              onClick={() => {
                close(id);
                action.run();
              }}
            >
              {action.text}
            </button>
          )}
          <IconButton icon="close" label="Dismiss" onClick={() => close(id)} />
        </div>
      ))}
    </div>
  );
}
