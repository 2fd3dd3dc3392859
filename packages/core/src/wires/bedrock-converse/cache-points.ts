import type { JsonObject } from '../../spec/json.ts';
import type { Losses } from '../losses.ts';
import type { Block, Turn } from './blocks.ts';

/** "You can use up to four cache checkpoints per request" (Bedrock user guide, "Prompt caching", read 2026-11). */
const MOST = 4;

/** Keeps the last cache points, which cover everything before them, and declares the others lost. */
export function limitCachePoints(
  places: { readonly tools: JsonObject | undefined; readonly system: Block[]; readonly turns: readonly Turn[] },
  losses: Losses,
): void {
  const tools = Array.isArray(places.tools?.['tools']) ? (places.tools['tools'] as JsonObject[]) : [];
  const lists: { keep(drop: number): number }[] = [
    listOf(tools, isPoint),
    listOf(places.system, (block) => isPoint(block.json)),
    ...places.turns.map((turn) => listOf(turn.blocks, (block) => isPoint(block.json))),
  ];
  const all =
    tools.filter(isPoint).length +
    [places.system, ...places.turns.map((turn) => turn.blocks)].flat().filter((block) => isPoint(block.json)).length;
  let surplus = all - MOST;
  if (surplus <= 0) return;
  losses.add(`cache_control: only the last ${MOST} of ${all} cache points are kept`);
  for (const list of lists) surplus = list.keep(surplus);
}

/** Takes the first `drop` points out of a list and returns how many are still to go. */
function listOf<Item>(items: Item[], matches: (item: Item) => boolean): { keep(drop: number): number } {
  return {
    keep(drop) {
      let left = drop;
      for (let at = 0; at < items.length && left > 0;) {
        const item = items[at];
        if (item === undefined || !matches(item)) at += 1;
        else {
          items.splice(at, 1);
          left -= 1;
        }
      }
      return left;
    },
  };
}

function isPoint(json: JsonObject): boolean {
  return json['cachePoint'] !== undefined;
}
