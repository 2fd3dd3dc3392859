import type { Waterfall } from '@standin/dashboard/api/types';
import type { Area, Canvas } from '../screen/canvas.ts';
import type { Key } from '../screen/keys.ts';
import { moved, type ListPlace } from '../screen/list.ts';
import { BOLD, DIM, RED } from '../screen/style.ts';
import { wrap } from '../../cli/terminal-text.ts';
import type { Surroundings } from './pane.ts';
import { linesOf, type ShownLine } from './waterfall.ts';

const AGAIN_MS = 500;
const MOST_TRIES = 1_200;

/** One request in full. */
export interface RequestView {
  draw(canvas: Canvas, area: Area): void;
  key(key: Key): boolean;
}

/** Opens one by its id; one under way is shown as soon as it has ended. */
export function openRequestView(id: string, { link, redraw }: Surroundings): RequestView {
  let picture: Waterfall | undefined;
  let failure: string | undefined;
  let place: ListPlace = { selected: 0, top: 0 };
  let lines: { readonly width: number; readonly of: Waterfall; readonly lines: readonly ShownLine[] } | undefined;
  let height = 10;

  const ask = (tries: number): void => {
    link.client.ask<Waterfall>(`/api/requests/${encodeURIComponent(id)}/waterfall`).then(
      (answer) => {
        picture = answer;
        failure = undefined;
        if (answer.outcome === 'pending' && tries < MOST_TRIES) setTimeout(() => ask(tries + 1), AGAIN_MS).unref();
        redraw();
      },
      (error: unknown) => {
        failure = (error as Error).message;
        const isUnderWay = link.feed.active.some((one) => one.id === id);
        if (isUnderWay && tries < MOST_TRIES) setTimeout(() => ask(tries + 1), AGAIN_MS).unref();
        redraw();
      },
    );
  };
  ask(0);

  return {
    key({ name }) {
      const all = lines?.lines.length ?? 0;
      const most = Math.max(0, all - height);
      // The page moves, not a selection.
      const next = moved({ selected: place.top, top: place.top }, name, most + 1, 1);
      if (next === undefined) return false;
      place = { selected: 0, top: Math.min(most, next.selected + pageOf(name, height)) };
      if (place.top < 0) place = { selected: 0, top: 0 };
      return true;
    },
    draw(canvas, area) {
      height = area.height;
      if (picture === undefined) {
        const isUnderWay = link.feed.active.some((one) => one.id === id);
        const text = isUnderWay ? `${id} is under way …` : (failure ?? `Reading ${id} …`);
        wrap(text, area.width - 2, area.height).forEach((line, row) =>
          canvas.put(area.x + 1, area.y + row, line, failure === undefined || isUnderWay ? DIM : RED | BOLD),
        );
        return;
      }
      const width = area.width - 2;
      if (lines?.width !== width || lines.of !== picture)
        lines = { width, of: picture, lines: linesOf(picture, width, canvas.glyphs) };
      place = { selected: 0, top: Math.max(0, Math.min(place.top, lines.lines.length - height)) };
      lines.lines.slice(place.top, place.top + height).forEach((parts, row) => {
        let x = area.x + 1;
        for (const [text, look] of parts) x += canvas.put(x, area.y + row, text, look, area.x + 1 + width - x);
      });
      if (lines.lines.length > height) {
        const more = ` ${place.top + height < lines.lines.length ? 'more below' : 'end'} `;
        canvas.put(area.x + area.width - more.length - 1, area.y + area.height - 1, more, DIM);
      }
    },
  };
}

/** Pages: `moved` was asked with a window of one line. */
function pageOf(name: string, height: number): number {
  if (name === 'page-down' || name === 'ctrl-f') return height - 2;
  if (name === 'page-up' || name === 'ctrl-b') return 2 - height;
  return 0;
}
