import { computed, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(dark.matches);
dark.addEventListener('change', () => (systemIsDark.value = dark.matches));

const kept = document.documentElement.dataset['theme'];
export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system');
export const resolvedTheme = computed(() =>
  theme.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : theme.value,
);

export function setTheme(next: Theme): void {
  theme.value = next;
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  remember('standin.theme', next === 'system' ? undefined : next);
}

export const nextTheme = (): void =>
  setTheme(theme.value === 'system' ? 'light' : theme.value === 'light' ? 'dark' : 'system');

/** Small preferences of this browser. Storage may be switched off; then they last as long as the page. */
export function remember(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Then not.
  }
}

export function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}
