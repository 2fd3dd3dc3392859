import type { Shape } from '../lib/outcome.ts';

const PATHS = {
  now: 'M2 9h3l2-5 3 9 2-4h2',
  requests: 'M3 4h10M3 8h10M3 12h6',
  spend:
    'M8 2v12M11 4.5C10.5 3.6 9.4 3.2 8 3.2 6.2 3.2 5 4 5 5.4 5 8.6 11 7 11 10.4c0 1.5-1.3 2.4-3 2.4-1.6 0-2.7-.6-3.2-1.6',
  config: 'M3 4.5h5m4 0h1M3 11.5h1m4 0h5M10 2.8v3.4M6 9.8v3.4',
  rehearse: 'M3 3h3v3H3zM10 3h3v3h-3zM3 10h3v3H3zM10 10l3 3m0-3-3 3',
  playground: 'M2.5 3.5h11v7h-6l-3 2.5v-2.5h-2z',
  keys: 'M9.2 6.8a3 3 0 1 0-2.4 2.4L8 10.4V12h1.6v1.6H13v-3z',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  close: 'M4 4l8 8m0-8-8 8',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M13 9.6A5.5 5.5 0 1 1 6.4 3 4.4 4.4 0 0 0 13 9.6z',
  half: 'M8 2.5a5.5 5.5 0 1 1 0 11zM8 2.5a5.5 5.5 0 1 0 0 11',
  copy: 'M6 6h7v7H6zM10 6V3H3v7h3',
  play: 'M5 3.5v9l7-4.5z',
  stop: 'M4.5 4.5h7v7h-7z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  search: 'M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8M10 10l3.5 3.5',
  arrow: 'M3 8h9m-3.5-3.5L12 8l-3.5 3.5',
  down: 'M4 6l4 4 4-4',
  up: 'M8 13V3.5M4 7l4-4 4 4',
  plus: 'M8 3v10M3 8h10',
  undo: 'M5.5 3 2.8 5.8l2.7 2.7M3 5.8h6a3.6 3.6 0 0 1 0 7.2H6',
  warn: 'M8 2.5l6 10.5H2zM8 6.5v3M8 11.4v.1',
  good: 'M3 8.5l3.2 3.2L13 4.8',
  info: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M8 7.5v3.2M8 5.2v.1',
  help: 'M5.8 6a2.3 2.3 0 1 1 3.3 2.1c-.8.4-1.1.9-1.1 1.7M8 12v.1',
  image: 'M2.5 3.5h11v9h-11zM3 11l3-3 2.5 2.5L10.5 8 13 10.5M10.5 6v.1',
  out: 'M8 2.2v5M4.9 4.6a4.7 4.7 0 1 0 6.2 0',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: the text beside it, or the button's label, says what it means. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** States differ by shape, so that they can be told without colour. */
export function StateShape({ shape }: { shape: Shape }) {
  const line = { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6, 'stroke-linecap': 'round' } as const;
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" focusable="false">
      {shape === 'dot' && <circle cx="5" cy="5" r="3.4" fill="currentColor" />}
      {shape === 'ring' && <circle cx="5" cy="5" r="3.2" {...line} />}
      {shape === 'half' && (
        <>
          <circle cx="5" cy="5" r="3.4" {...line} />
          <path d="M5 1.6a3.4 3.4 0 0 1 0 6.8z" fill="currentColor" />
        </>
      )}
      {shape === 'cross' && <path d="M2 2l6 6M8 2l-6 6" {...line} />}
      {shape === 'bar' && <path d="M3 2v6M7 2v6" {...line} />}
      {shape === 'triangle' && <path d="M5 1.2 9.2 8.6H.8z" fill="currentColor" />}
      {shape === 'arrow' && <path d="M1.5 3h3.2v4.2h3.6M6.6 5.4l1.8 1.8-1.8 1.8" {...line} />}
    </svg>
  );
}
