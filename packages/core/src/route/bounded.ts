/** Model names come from callers: what is remembered by them has a bound, and the oldest is forgotten first. */
const MOST = 10_000;

export function setBounded<Value>(map: Map<string, Value>, id: string, value: Value): void {
  if (map.size >= MOST && !map.has(id)) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(id, value);
}
