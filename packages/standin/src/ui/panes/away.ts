import type { LinkState } from '../gateway/link.ts';
import type { Area, Canvas } from '../screen/canvas.ts';
import { BOLD, CYAN, YELLOW } from '../screen/style.ts';
import { wrap } from '../../cli/terminal-text.ts';

/** What a pane shows that needs the gateway, while there is none. */
export function drawAway(canvas: Canvas, { x, y, width, height }: Area, state: LinkState): void {
  const lines =
    state.kind === 'away'
      ? [...wrap(state.why, width - 2, 6), '', ...state.next.flatMap((line) => wrap(line, width - 2, 4)), '', WAITING]
      : ['Looking for the gateway …'];
  lines
    .slice(0, height)
    .forEach((line, index) =>
      canvas.put(x + 1, y + index, line, index === 0 ? BOLD | YELLOW : line.startsWith('  ') ? CYAN : 0, width - 2),
    );
}

const WAITING = 'It is looked for every second; the config can be edited meanwhile (1).';
