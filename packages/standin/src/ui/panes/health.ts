import type { KeyHealth, Target } from '@standin/dashboard/api/types';
import { count, relative } from '@standin/dashboard/lib/format';
import { healthLook } from '@standin/dashboard/lib/outcome';
import type { Area, Canvas } from '../screen/canvas.ts';
import { FIRST, kept, moved, type ListPlace } from '../screen/list.ts';
import { BOLD, DIM, PLAIN, REVERSE } from '../screen/style.ts';
import { wrap } from '../../cli/terminal-text.ts';
import { drawAway } from './away.ts';
import { drawHeads, drawRow, fitted, type Column } from './columns.ts';
import { healthColour } from './looks.ts';
import type { Pane, Surroundings } from './pane.ts';

/** The chains, and every target of theirs with its state. */
export function createHealthPane({ link }: Surroundings): Pane {
  let place: ListPlace = FIRST;
  let height = 10;
  return {
    title: 'Health',
    isTyping: false,
    key({ name }) {
      const next = moved(place, name, link.feed.targets.length, height);
      if (next === undefined) return false;
      place = next;
      return true;
    },
    hints: () => [['↑↓', 'choose a target']],
    draw(canvas, area) {
      const { state, feed } = link;
      if (state.kind !== 'live') return drawAway(canvas, area, state);
      const { targets, chains } = feed;
      const now = Date.now() + feed.skewMs;
      let y = area.y;
      const roomForChains = Math.max(1, Math.floor(area.height / 4));
      for (const chain of chains.slice(0, roomForChains)) {
        const walk = chain.targets.join(` ${canvas.glyphs.arrow} `);
        const used = canvas.put(area.x + 1, y, `${chain.name}: `, BOLD, area.width - 2);
        canvas.put(area.x + 1 + used, y++, walk, PLAIN, area.width - 2 - used);
      }
      if (chains.length > roomForChains)
        canvas.put(
          area.x + 1,
          y++,
          `and ${count(chains.length - roomForChains)} more chains (standin plan --model NAME)`,
          DIM,
        );
      y++;
      const columns = fitted(columnsOf(now), area.width - 3);
      drawHeads(canvas, area.x + 2, y++, columns, DIM);
      const notes = Math.max(4, Math.min(12, Math.floor((area.y + area.height - y) / 2)));
      height = Math.max(1, area.y + area.height - y - notes);
      place = kept(place, targets.length, height);
      targets.slice(place.top, place.top + height).forEach((target, row) => {
        const isAt = place.top + row === place.selected;
        if (isAt) canvas.blank({ ...area, y: y + row, height: 1 }, REVERSE);
        canvas.put(area.x, y + row, isAt ? '>' : ' ', isAt ? REVERSE : PLAIN);
        drawRow(canvas, area.x + 2, y + row, columns, target, isAt ? REVERSE : undefined);
      });
      if (targets.length === 0) canvas.put(area.x + 2, y, 'No target is configured.', DIM);
      const shown = targets[place.selected];
      const below = y + Math.min(height, targets.length);
      if (shown !== undefined)
        drawKeys(canvas, { ...area, y: below, height: area.y + area.height - below }, shown, now);
    },
  };
}

function columnsOf(now: number): readonly Column<Target>[] {
  return [
    { title: 'target', width: 22, grows: true, text: ({ id }) => id },
    {
      title: 'state',
      width: 13,
      text: ({ state }) => healthLook(state).text,
      look: ({ state }) => healthColour(state),
    },
    { title: 'until', width: 10, text: ({ until }) => untilText(until, now) },
    { title: 'calls', width: 5, right: true, text: ({ open }) => count(open) },
    { title: 'keys', width: 4, right: true, from: 70, text: ({ keys }) => count(keys.length) },
    { title: 'why', width: 12, grows: true, text: ({ reason }) => reason ?? '' },
  ];
}

const untilText = (until: number | null, now: number): string =>
  until === null ? '' : until <= now ? 'now' : relative(until, now);

function drawKeys(canvas: Canvas, { x, y, width, height }: Area, target: Target, now: number): void {
  canvas.put(x, y, canvas.glyphs.horizontal.repeat(width), DIM, width);
  canvas.put(x + 1, y, ` ${target.id} `, BOLD, width - 2);
  let row = y + 1;
  const end = y + height;
  const say = (text: string, look: number): void => {
    for (const line of wrap(text, width - 2, 3)) if (row < end) canvas.put(x + 1, row++, line, look, width - 2);
  };
  if (target.reason !== null) say(target.reason, PLAIN);
  for (const key of target.keys) say(keyText(key, now), healthColour(key.state));
  if (target.keys.length === 0) say('It needs no key.', DIM);
}

function keyText({ key, state, until, reason }: KeyHealth, now: number): string {
  const wait = until === null ? '' : ` until ${untilText(until, now)}`;
  return `key ${key}: ${healthLook(state).text}${wait}${reason === null ? '' : ` (${reason})`}`;
}
