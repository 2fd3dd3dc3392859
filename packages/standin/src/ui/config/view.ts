import { formatPath } from '@standin/core/config/path';
import { describeShape } from '@standin/core/config/typed-value';
import type { Area, Canvas } from '../screen/canvas.ts';
import type { ListPlace } from '../screen/list.ts';
import { BOLD, CYAN, DIM, PLAIN, REVERSE, YELLOW } from '../screen/style.ts';
import { clip, widthOf, wrap } from '../../cli/terminal-text.ts';
import { badgeOf, sourceText, valueText, type Field, type Place } from './tree.ts';

export function drawPlaces(
  canvas: Canvas,
  area: Area,
  places: readonly Place[],
  { selected, top }: ListPlace,
  { closed, isActive }: { readonly closed: ReadonlySet<string>; readonly isActive: boolean },
): void {
  const { glyphs } = canvas;
  places.slice(top, top + area.height).forEach((place, row) => {
    const isAt = top + row === selected;
    const sign = !place.hasChildren ? ' ' : closed.has(formatPath(place.path)) ? glyphs.closed : glyphs.open;
    const text = `${' '.repeat(place.depth * 2)}${sign} ${place.title}${place.isOpen ? ' +' : ''}`;
    if (isAt) canvas.blank({ ...area, y: area.y + row, height: 1 }, isActive ? REVERSE : BOLD);
    const look = isAt ? (isActive ? REVERSE : BOLD) : place.depth === 0 ? BOLD : place.isEmpty ? DIM : PLAIN;
    canvas.put(area.x, area.y + row, isAt ? '>' : ' ', look);
    canvas.put(area.x + 1, area.y + row, text, look, area.width - 1);
  });
}

export function drawFieldList(
  canvas: Canvas,
  area: Area,
  fields: readonly Field[],
  { selected, top }: ListPlace,
  isActive: boolean,
  place: Place | undefined,
): void {
  if (fields.length === 0) {
    const text = place?.hasChildren === true ? 'Choose a place below it.' : 'Nothing is set here; n adds something.';
    return void canvas.put(area.x + 1, area.y, text, DIM, area.width - 2);
  }
  const names = Math.min(Math.floor(area.width * 0.45), 2 + Math.max(...fields.map(({ name }) => widthOf(name))));
  fields.slice(top, top + area.height).forEach((field, row) => {
    const y = area.y + row;
    const isAt = isActive && top + row === selected;
    const isSet = field.value?.set === true;
    const look = isAt ? REVERSE : isSet ? PLAIN : DIM;
    if (isAt) canvas.blank({ ...area, y, height: 1 }, REVERSE);
    canvas.put(area.x, y, isAt ? '>' : ' ', look);
    canvas.put(area.x + 1, y, field.name, look, names - 1);
    const badge = field.value === undefined ? '' : clip(badgeOf(field.value), 16);
    const width = area.width - names - 2 - (badge === '' ? 0 : widthOf(badge) + 1);
    canvas.put(area.x + names + 1, y, valueText(field.value, field.node), look, width);
    if (badge !== '')
      canvas.put(
        area.x + area.width - widthOf(badge),
        y,
        badge,
        isAt ? REVERSE : field.value?.overridden === true ? YELLOW | BOLD : CYAN,
      );
  });
}

/** What is known of the field, or of the place, below the list. */
export function drawFieldNotes(canvas: Canvas, area: Area, field: Field | undefined, place: Place | undefined): void {
  const line = canvas.glyphs.horizontal.repeat(area.width);
  canvas.put(area.x, area.y, line, DIM, area.width);
  const node = field?.node ?? place?.node;
  if (node === undefined) return;
  const { description, defaultText, example } = node.meta;
  const lines = [...wrap(description ?? '', area.width - 2, 2)];
  if (field !== undefined) {
    const facts = [describeShape(field.node)];
    if (defaultText !== undefined) facts.push(`default ${defaultText}`);
    if (example !== undefined) facts.push(`example ${example}`);
    lines.push(...wrap(facts.join('; '), area.width - 2, 1));
    if (field.value !== undefined) {
      const from = `From ${sourceText(field.value)}`;
      lines.push(field.value.overridden ? `${from}: it wins over the file` : from);
    } else lines.push('Not set.');
  }
  lines
    .slice(0, area.height - 1)
    .forEach((text, index) => canvas.put(area.x + 1, area.y + 1 + index, text, DIM, area.width - 2));
}
