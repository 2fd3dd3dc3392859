import { lineAfter, lineStart, type BlockSpan, type PairSpan, type ValueSpan } from './toml-spans.ts';
import { openDoc, samePath, splice, startsWith, type Doc, type Place } from './toml-find.ts';

/** Removes whatever is written at a path or below it; the text itself when nothing is. */
export function removeAt(text: string, path: readonly string[]): string {
  let result = text;
  // From the back, and as often as there are places now: the item after a removed one takes its position.
  for (let left = placesOf(openDoc(text), path).length; left > 0; left--) {
    const doc = openDoc(result);
    const place = placesOf(doc, path).at(-1);
    if (place !== undefined) result = removePlace(doc, place);
  }
  for (let left = blocksOf(openDoc(text), path).length; left > 0; left--) {
    const doc = openDoc(result);
    const block = blocksOf(doc, path).at(-1);
    if (block !== undefined) result = removeBlock(doc, block);
  }
  return result;
}

/** Values at the path or below it that are in no other such value. */
function placesOf(doc: Doc, path: readonly string[]): Place[] {
  const inside = doc.places.filter((place) => startsWith(place.path, path) && !insideHeader(place, path));
  const contains = ({ value: a }: Place, { value: b }: Place) => a !== b && a.start <= b.start && b.end <= a.end;
  return inside.filter((place) => !inside.some((other) => contains(other, place)));
}

function blocksOf(doc: Doc, path: readonly string[]): BlockSpan[] {
  return path.length === 0 ? [] : doc.blocks.filter((block) => block.keys.length > 0 && startsWith(block.path, path));
}

/** Pairs of a table that goes as a whole go with it. */
function insideHeader({ block }: Place, path: readonly string[]): boolean {
  return block.path.length > 0 && startsWith(block.path, path);
}

function removePlace(doc: Doc, { holder }: Place): string {
  switch (holder.kind) {
    case 'block':
      return removePair(doc.text, holder.pair);
    case 'inline':
      return removeMember(doc.text, holder.of, pairStart(holder.pair), holder.pair.value.end, membersOf(holder.of));
    case 'array': {
      const item = holder.of.items[holder.index];
      return item === undefined
        ? doc.text
        : removeMember(
            doc.text,
            holder.of,
            item.start,
            item.end,
            holder.of.items.map(({ start, end }) => ({ start, end })),
          );
    }
  }
}

const pairStart = (pair: PairSpan): number => pair.keys[0]?.start ?? pair.value.start;

function membersOf(inline: ValueSpan): { start: number; end: number }[] {
  return inline.pairs.map((pair) => ({ start: pairStart(pair), end: pair.value.end }));
}

/** The pair's lines with the comment behind its value. */
function removePair(text: string, pair: PairSpan): string {
  return splice(text, lineStart(text, pairStart(pair)), lineAfter(text, pair.value.end), '');
}

/** One of a comma list: its comma goes along, and its line when nothing else stands on it. */
function removeMember(
  text: string,
  holder: ValueSpan,
  start: number,
  end: number,
  members: readonly { start: number; end: number }[],
): string {
  const comma = commaAfter(text, end, holder.end - 1);
  const index = members.findIndex((member) => member.start === start);
  let from = start;
  let to = comma === undefined ? end : comma + 1;
  if (comma === undefined && index > 0) {
    // The last one: the comma before it goes instead.
    const before = members[index - 1]?.end ?? start;
    const previous = commaAfter(text, before, start);
    if (previous !== undefined && isBlank(text.slice(previous + 1, start))) from = previous;
  }
  const first = lineStart(text, from);
  const after = lineAfter(text, to);
  const ownsLine =
    first > holder.start && isBlank(text.slice(first, from)) && after < holder.end && isRest(text.slice(to, after));
  if (ownsLine) return splice(text, first, after, '');
  if (comma !== undefined) while (/[ \t]/.test(text[to] ?? '')) to++;
  return splice(text, from, to, '');
}

const isBlank = (text: string): boolean => /^\s*$/.test(text);
const isRest = (text: string): boolean => /^[ \t]*(#.*)?\r?\n?$/.test(text);

/** Position of the comma that follows, past white space and comments. */
export function commaAfter(text: string, from: number, limit: number): number | undefined {
  for (let at = from; at < limit; at++) {
    const character = text[at] ?? '';
    if (character === ',') return at;
    if (character === '#') at = lineAfter(text, at) - 1;
    else if (!/\s/.test(character)) return undefined;
  }
  return undefined;
}

/**
 * Where the comment block begins that belongs to a header: the comment lines directly above it. A block that opens the
 * file belongs to the file.
 */
export function commentStart(text: string, headerStart: number): number {
  let start = headerStart;
  while (start > 0) {
    const previous = lineStart(text, start - 1);
    if (!/^[ \t]*#/.test(text.slice(previous, start))) break;
    start = previous;
  }
  return start === 0 && headerStart > 0 ? headerStart : start;
}

/** End of what belongs to a block: its last pair, and comment lines that follow without a gap. */
export function blockEnd(doc: Doc, block: BlockSpan): number {
  const last = block.pairs.at(-1);
  let end = last === undefined ? block.bodyStart : lineAfter(doc.text, last.value.end);
  const index = doc.blocks.indexOf(block);
  const next = doc.blocks[index + 1];
  const limit = next === undefined ? doc.text.length : commentStart(doc.text, next.start);
  while (end < limit && /^[ \t]*#/.test(doc.text.slice(end))) end = lineAfter(doc.text, end);
  return Math.min(end, Math.max(limit, block.bodyStart));
}

function removeBlock(doc: Doc, block: BlockSpan): string {
  const { text } = doc;
  let start = commentStart(text, block.start);
  let end = blockEnd(doc, block);
  if (start === 0)
    while (end < text.length && isBlank(text.slice(end, lineAfter(text, end)))) end = lineAfter(text, end);
  // The gap above goes along when there is one below, or nothing.
  if (end >= text.length || /^[ \t]*\r?\n/.test(text.slice(end))) {
    while (start > 0) {
      const previous = lineStart(text, start - 1);
      if (!isBlank(text.slice(previous, start))) break;
      start = previous;
    }
  }
  return splice(text, start, end, '');
}

/** True when something is written at the path or below it. */
export function isWritten(doc: Doc, path: readonly string[]): boolean {
  return (
    doc.places.some((place) => startsWith(place.path, path)) ||
    doc.blocks.some((block) => block.keys.length > 0 && (samePath(block.path, path) || startsWith(block.path, path)))
  );
}
