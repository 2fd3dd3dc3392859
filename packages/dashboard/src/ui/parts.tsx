import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Look, Tone } from '../lib/outcome.ts';
import { Icon, StateShape, type IconName } from './icons.tsx';
import { toast } from './toast.tsx';

export function Badge({ look, children }: { look: Look; children?: ComponentChildren }) {
  return (
    <span class={`badge ${look.tone}`}>
      <StateShape shape={look.shape} />
      {children ?? look.text}
    </span>
  );
}

export function Tag({ tone = 'idle', title, children }: { tone?: Tone; title?: string; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`} title={title}>
      {children}
    </span>
  );
}

export function Notice({ tone, children }: { tone: 'bad' | 'warn' | 'good' | 'info'; children: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={tone === 'good' ? 'good' : tone === 'info' ? 'info' : 'warn'} />
      <div class="grow breaks">{children}</div>
    </div>
  );
}

/** Notes of the schema, with `names` as code. */
export function Described({ text }: { text: string }) {
  return <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Head({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="page-head">
      <h1>{title}</h1>
      {children !== undefined && <div class="row wrap">{children}</div>}
    </div>
  );
}

export function Panel(props: {
  title?: string;
  actions?: ComponentChildren;
  flush?: boolean;
  children: ComponentChildren;
  class?: string;
}) {
  const { title, actions, flush = false, children } = props;
  return (
    <section class={`panel ${props.class ?? ''}`}>
      {title !== undefined && (
        <header>
          <h2>{title}</h2>
          {actions !== undefined && <div class="row wrap">{actions}</div>}
        </header>
      )}
      {flush ? children : <div class="body">{children}</div>}
    </section>
  );
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly text: string;
}

export function Segments<T extends string>(props: {
  label: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
}) {
  return (
    <div class="segments" role="group" aria-label={props.label}>
      {props.choices.map(({ value, text }) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export function IconButton({
  icon,
  label,
  onClick,
  ...rest
}: {
  icon: IconName;
  label: string;
  onClick?: () => void;
  class?: string;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      class={`button plain icon-only ${rest.class ?? ''}`}
      aria-label={label}
      title={label}
      onClick={onClick}
      disabled={rest.disabled}
    >
      <Icon name={icon} />
    </button>
  );
}

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast(`Your browser does not let this page copy; select the text instead.`, 'bad');
  }
}

export function CopyButton({ text, what, label = `Copy ${what}` }: { text: string; what: string; label?: string }) {
  return (
    <button type="button" class="button" onClick={() => void copyText(text, what)}>
      <Icon name="copy" />
      {label}
    </button>
  );
}

/** A modal on the browser's own `dialog`: focus stays inside, Escape closes, focus returns. */
export function Dialog(props: {
  title: string;
  wide?: boolean;
  onClose: () => void;
  footer?: ComponentChildren;
  children: ComponentChildren;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opened = box.current;
    const before = document.activeElement;
    opened?.showModal();
    return () => {
      opened?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={`dialog ${props.wide === true ? 'wide' : ''}`}
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => event.target === box.current && props.onClose()}
    >
      <header>
        <h2>{props.title}</h2>
        <IconButton icon="close" label="Close" onClick={props.onClose} />
      </header>
      <div class="body">{props.children}</div>
      {props.footer !== undefined && <footer>{props.footer}</footer>}
    </dialog>
  );
}
