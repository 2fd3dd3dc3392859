import { signal } from '@preact/signals';
import { go } from './router.ts';
import { nextTheme, recall, remember } from './theme.ts';

export interface Shortcut {
  readonly keys: string;
  readonly text: string;
}

export const helpIsOpen = signal(false);
/** Letters as commands get in the way of speech input; they can be switched off (WCAG 2.1.4). */
export const lettersAreOn = signal(recall('standin.letters') !== 'off');

export function setLetters(on: boolean): void {
  lettersAreOn.value = on;
  remember('standin.letters', on ? undefined : 'off');
}

export const PAGES = [
  { path: '/', name: 'Now', icon: 'now', key: 'n' },
  { path: '/requests', name: 'Requests', icon: 'requests', key: 'r' },
  { path: '/spend', name: 'Spend', icon: 'spend', key: 's' },
  { path: '/config', name: 'Config', icon: 'config', key: 'c' },
  { path: '/rehearse', name: 'Rehearse', icon: 'rehearse', key: 'h' },
  { path: '/playground', name: 'Playground', icon: 'playground', key: 'p' },
  { path: '/keys', name: 'Keys', icon: 'keys', key: 'k' },
] as const;

export const SHORTCUTS: readonly Shortcut[] = [
  ...PAGES.map(({ name, key }) => ({ keys: `g ${key}`, text: `Go to ${name}` })),
  { keys: '/', text: 'Search or filter' },
  { keys: 'j k', text: 'Next and previous row' },
  { keys: 'Enter', text: 'Open the row' },
  { keys: '.', text: 'Hold the live list, or let it run' },
  { keys: 't', text: 'Light, dark, or as the system' },
  { keys: '?', text: 'This sheet' },
  { keys: 'Esc', text: 'Close, or go back' },
];

type Handler = () => void;
const pageKeys = new Map<string, Handler>();

/** Keys of the page that is open. Returns how to take them back. */
export function bindKeys(keys: Readonly<Record<string, Handler>>): () => void {
  for (const [key, handler] of Object.entries(keys)) pageKeys.set(key, handler);
  return () => {
    for (const [key, handler] of Object.entries(keys)) if (pageKeys.get(key) === handler) pageKeys.delete(key);
  };
}

let leader = 0;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target)) {
    if (event.key === 'Escape') (event.target as HTMLElement).blur();
    return;
  }
  if (document.querySelector('dialog[open]') !== null) return;
  const isLetter = event.key.length === 1;
  if (isLetter && !lettersAreOn.value) return;
  if (Date.now() - leader < 1_500) {
    leader = 0;
    const page = PAGES.find(({ key }) => key === event.key);
    if (page !== undefined) {
      event.preventDefault();
      go(page.path);
      return;
    }
  }
  const handler = pageKeys.get(event.key) ?? OWN[event.key];
  if (handler === undefined) return;
  // Enter and Space belong to the button or link that has the focus.
  if (event.key === 'Enter' && event.target instanceof Element && event.target.closest('a, button') !== null) return;
  event.preventDefault();
  handler();
});

const OWN: Readonly<Record<string, Handler>> = {
  g: () => (leader = Date.now()),
  t: nextTheme,
  '?': () => (helpIsOpen.value = true),
  '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
};
