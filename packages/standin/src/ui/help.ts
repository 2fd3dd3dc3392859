import type { Area, Canvas } from './screen/canvas.ts';
import { BOLD, CYAN } from './screen/style.ts';
import { wrap } from '../cli/terminal-text.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['Everywhere', ''],
  ['1 2 3 4, Tab', 'Config, Requests, Health, Spend'],
  ['↑↓ j k, PgUp PgDn, g G', 'move; one page; begin and end'],
  ['?', 'this help; any key closes it'],
  ['q, Ctrl-C', 'leave; Ctrl-Z stops, fg comes back'],
  ['Ctrl-L', 'draw everything anew'],
  ['Config', ''],
  ['Enter, →', 'to the fields of a place; edit a field'],
  ['←, Esc', 'back; close a place'],
  ['Space', 'close or open a place'],
  ['n', 'something new in a place marked with +'],
  ['d', 'remove a field or a place'],
  ['r', 'rename an entry or an agent'],
  ['u', 'take back the last edit'],
  ['R', 'read the config again'],
  ['', 'Every edit is checked and shown as a difference before it is written. Secrets are written, never shown.'],
  ['', 'env! flag!: set from outside; the file does not hold.  ${}: comes through a variable.  (grey): default.'],
  ['Requests', ''],
  ['/', 'filter by any part of id, model, provider, outcome, key, agent'],
  ['f', 'all, failed, recovered, ok'],
  ['Enter', 'one request: its attempts, waits, cuts, costs, and the rules that decided'],
  ['Spend', ''],
  ['← →, t', 'by model, provider, key, agent, day; the time'],
];

/** Lines that can be scrolled; returns how many there are. */
export function drawHelp(canvas: Canvas, area: Area, top: number): number {
  const inside = canvas.frame(area, 'Help', BOLD);
  canvas.blank(inside);
  const keys = 24;
  const lines = KEYS.flatMap(([key, words]): { text: string; look: number; x: number; key?: string }[] => {
    if (words === '') return [{ text: key, look: BOLD, x: 0 }];
    return wrap(words, inside.width - keys - 2, 3).map((text, index) => ({
      text,
      look: 0,
      x: keys,
      ...(index === 0 ? { key } : {}),
    }));
  });
  lines.slice(top, top + inside.height).forEach(({ text, look, x, key }, row) => {
    if (key !== undefined) canvas.put(inside.x + 3, inside.y + row, key, CYAN, keys - 3);
    canvas.put(inside.x + 1 + x, inside.y + row, text, look, inside.width - 2 - x);
  });
  if (lines.length > top + inside.height)
    canvas.put(inside.x + inside.width - 12, inside.y + inside.height, ' ↓ for more ', BOLD);
  return lines.length;
}
