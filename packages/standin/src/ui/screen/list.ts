/** A list of which a part is seen: what is selected, and the first line in sight. */
export interface ListPlace {
  readonly selected: number;
  readonly top: number;
}

export const FIRST: ListPlace = { selected: 0, top: 0 };

/** Where a key leads in a list of `count`, of which `height` are seen; `undefined`: it is no key of lists. */
export function moved({ selected, top }: ListPlace, key: string, count: number, height: number): ListPlace | undefined {
  const step = stepOf(key, Math.max(1, height - 1), count);
  return step === undefined ? undefined : kept({ selected: selected + step, top }, count, height);
}

function stepOf(key: string, page: number, count: number): number | undefined {
  switch (key) {
    case 'up':
    case 'k':
      return -1;
    case 'down':
    case 'j':
      return 1;
    case 'page-up':
    case 'ctrl-b':
      return -page;
    case 'page-down':
    case 'ctrl-f':
      return page;
    case 'home':
    case 'g':
      return -count;
    case 'end':
    case 'G':
      return count;
    default:
      return undefined;
  }
}

/** The same place in a list that may have become shorter, or is seen through a smaller window. */
export function kept({ selected, top }: ListPlace, count: number, height: number): ListPlace {
  const at = Math.max(0, Math.min(count - 1, selected));
  const most = Math.max(0, count - height);
  const first = Math.max(at - height + 1, Math.min(top, at, most));
  return { selected: at, top: Math.max(0, first) };
}
