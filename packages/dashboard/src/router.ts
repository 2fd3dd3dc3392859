import { computed, signal } from '@preact/signals';

/** Where the page is: path and query as in the address bar. */
export const place = signal(location.pathname + location.search);
export const path = computed(() => place.value.split('?', 1)[0] ?? '/');
export const search = computed(() => {
  const mark = place.value.indexOf('?');
  return mark < 0 ? '' : place.value.slice(mark + 1);
});

/** `/requests/abc?q=x` → `requests`. */
const pageOf = (to: string): string => to.split(/[/?]/)[1] ?? '';

/** Goes to a page of the dashboard. `replace`: without a step in the history, for filters. */
export function go(to: string, { replace = false } = {}): void {
  if (to === place.value) return;
  const leaves = pageOf(to) !== pageOf(place.value);
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  place.value = to;
  if (leaves) {
    scrollTo(0, 0);
    // A screen reader hears of the new page, and Tab begins at its top.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('#main')?.focus({ preventScroll: true }));
  }
}

addEventListener('popstate', () => {
  place.value = location.pathname + location.search;
});

addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/api/') || link.getAttribute('href')?.startsWith('#') === true) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

/** The part of the path after a page's own, decoded segment by segment: `/config/a/b` → `a/b`. */
export function below(prefix: string): string {
  const rest = path.value.slice(prefix.length).replace(/^\/+|\/+$/g, '');
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}
