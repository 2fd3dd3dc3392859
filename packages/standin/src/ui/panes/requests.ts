import type { Row } from '@standin/dashboard/api/types';
import { count, duration, rate, usd } from '@standin/dashboard/lib/format';
import type { Area, Canvas } from '../screen/canvas.ts';
import { drawLine, lineOf, typed, type Line } from '../screen/input.ts';
import type { Key } from '../screen/keys.ts';
import { FIRST, kept, moved, type ListPlace } from '../screen/list.ts';
import { BOLD, CYAN, DIM, REVERSE } from '../screen/style.ts';
import { drawAway } from './away.ts';
import { drawHeads, drawRow, fitted } from './columns.ts';
import type { Pane, Surroundings } from './pane.ts';
import {
  columnsOf,
  fitsWords,
  idOf,
  isOfKind,
  KINDS,
  wordsOf,
  wordsOfActive,
  type Kind,
  type Shown,
} from './request-rows.ts';
import { openRequestView, type RequestView } from './request-view.ts';

const ASKED = 500;

/** Requests as they come, with a filter; Enter opens one. */
export function createRequestsPane({ link, redraw, say }: Surroundings): Pane {
  let place: ListPlace = FIRST;
  /** The selected one stays selected while others arrive above it; at the top the newest is followed. */
  let follows: string | undefined;
  let filter: Line = lineOf('');
  let isFiltering = false;
  let kind: Kind = 'all';
  let view: RequestView | undefined;
  let height = 10;
  let asked = '';

  const list = (): readonly Shown[] => {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    const { feed } = link;
    const active = kind === 'all' ? feed.active.filter((one) => fitsWords(wordsOfActive(one), words)) : [];
    const rows = feed.rows.filter((row) => isOfKind(row, kind) && fitsWords(wordsOf(row), words));
    return [...active.map((one) => ({ active: one })), ...rows.map((row) => ({ row }))];
  };
  /** Older ones that the list has not seen. */
  const fetch = (): void => {
    if (link.state.kind !== 'live') return;
    const query = new URLSearchParams({ limit: String(ASKED) });
    const words = filter.text.trim();
    if (words !== '' && !/\s/.test(words)) query.set('q', words);
    if (kind === 'failed' || kind === 'ok') query.set('outcome', kind);
    if (kind === 'recovered') query.set('rescued', 'true');
    if (asked === String(query)) return;
    asked = String(query);
    link.client.ask<{ readonly data: readonly Row[] }>(`/api/requests?${asked}`).then(
      ({ data }) => {
        link.feed.add(data);
        redraw();
      },
      (error: unknown) => say((error as Error).message, 'bad'),
    );
  };
  const filterKey = (key: Key): boolean => {
    if (key.name === 'enter' || key.name === 'escape') {
      isFiltering = false;
      if (key.name === 'escape') filter = lineOf('');
      fetch();
    } else filter = typed(filter, key) ?? filter;
    place = FIRST;
    follows = undefined;
    return true;
  };

  return {
    title: 'Requests',
    get isTyping() {
      return isFiltering;
    },
    look(isFirst) {
      if (isFirst) fetch();
    },
    linked() {
      if (link.state.kind !== 'live') asked = '';
      else if (asked === '') fetch();
    },
    key(key) {
      if (isFiltering) return filterKey(key);
      if (view !== undefined) {
        if (['escape', 'left', 'h', 'backspace'].includes(key.name)) view = undefined;
        else return view.key(key);
        return true;
      }
      const shown = list();
      const next = moved(place, key.name, shown.length, height);
      if (next !== undefined) {
        place = next;
        follows = next.selected === 0 ? undefined : idOf(shown[next.selected]);
        return true;
      }
      switch (key.name) {
        case 'enter':
        case 'right':
        case 'l': {
          const id = idOf(shown[place.selected]);
          if (id !== undefined) view = openRequestView(id, { link, redraw, say });
          return true;
        }
        case '/':
          isFiltering = true;
          return true;
        case 'f':
          kind = KINDS[(KINDS.indexOf(kind) + 1) % KINDS.length] ?? 'all';
          [place, follows] = [FIRST, undefined];
          fetch();
          return true;
        case 'escape':
          [filter, kind, place, follows] = [lineOf(''), 'all', FIRST, undefined];
          return true;
        default:
          return false;
      }
    },
    hints() {
      if (isFiltering)
        return [
          ['Enter', 'keep the filter'],
          ['Esc', 'drop it'],
        ];
      if (view !== undefined)
        return [
          ['↑↓', 'scroll'],
          ['Esc', 'back to the list'],
        ];
      return [
        ['Enter', 'open'],
        ['/', 'filter'],
        ['f', 'all/failed/recovered/ok'],
        ['Esc', 'all'],
      ];
    },
    draw(canvas, area) {
      if (view !== undefined) return view.draw(canvas, area);
      const { state, feed } = link;
      if (state.kind !== 'live' && feed.rows.length === 0) return drawAway(canvas, area, state);
      drawFigures(canvas, area);
      const shown = list();
      const columns = fitted(columnsOf(Date.now() + feed.skewMs), area.width - 3);
      drawHeads(canvas, area.x + 2, area.y + 2, columns, DIM);
      height = Math.max(1, area.height - 3);
      if (follows !== undefined) {
        const index = shown.findIndex((one) => idOf(one) === follows);
        if (index >= 0) place = { ...place, selected: index };
      }
      place = kept(place, shown.length, height);
      shown.slice(place.top, place.top + height).forEach((one, row) => {
        const isAt = place.top + row === place.selected;
        const y = area.y + 3 + row;
        if (isAt) canvas.blank({ ...area, y, height: 1 }, REVERSE);
        canvas.put(area.x, y, isAt ? '>' : ' ', isAt ? REVERSE : 0);
        drawRow(canvas, area.x + 2, y, columns, one, isAt ? REVERSE : undefined);
      });
      if (shown.length === 0) {
        const none = filter.text !== '' || kind !== 'all' ? 'No request fits the filter.' : 'No request yet.';
        canvas.put(area.x + 2, area.y + 3, none, DIM);
      }
    },
  };

  function drawFigures(canvas: Canvas, { x, y, width }: Area): void {
    const { now, workers } = link.feed;
    if (now !== undefined) {
      const times = now.totalMs === null ? '' : `  p50/p99 ${duration(now.totalMs.p50)}/${duration(now.totalMs.p99)}`;
      const today = now.today === null ? '' : `  today ${costText(now.today)}`;
      const [minute, parts] = [
        `${count(now.requests)} in a minute`,
        `${count(now.failed)} failed  ${count(now.recovered)} recovered`,
      ];
      const of = workers > 1 ? `  (one of ${workers} workers)` : '';
      const text = `${rate(now.requestsPerSecond)}/s  ${minute}  ${parts}${times}${today}${of}`;
      canvas.put(x + 1, y, text, BOLD, width - 2);
    }
    const label = isFiltering || filter.text !== '' ? 'filter: ' : '';
    canvas.put(x + 1, y + 1, label, CYAN);
    if (isFiltering) drawLine(canvas, x + 1 + label.length, y + 1, Math.min(50, width - 30), filter);
    else canvas.put(x + 1 + label.length, y + 1, filter.text, BOLD, Math.max(0, width - 30));
    const which = kind === 'all' ? '' : `only ${kind}`;
    canvas.put(x + width - 1 - which.length, y + 1, which, CYAN | BOLD);
  }
}

function costText({
  costUsd,
  unknownCost,
}: NonNullable<NonNullable<Surroundings['link']['feed']['now']>['today']>): string {
  return costUsd === null ? 'cost unknown' : `${unknownCost > 0 ? '≥ ' : ''}${usd(costUsd)}`;
}
