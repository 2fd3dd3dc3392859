/** Takes a code fence off a text that comes in pieces. */
export interface FenceFilter {
  push(piece: string): string;
  /** The text is over: what was held back and is no fence after all. */
  end(): string;
}

/**
 * Drops an opening fence (with its word and line break) at the very beginning and the closing one at the very end.
 * Held back are at most the opening line and a possible closing fence, so the text flows.
 */
export function createFenceFilter(): FenceFilter {
  let place: 'before' | 'opening' | 'inside' | 'plain' = 'before';
  let held = '';

  const opening = (): string => {
    if (place === 'before') {
      const trimmed = held.trimStart();
      if (trimmed === '' || (trimmed.length < 3 && '```'.startsWith(trimmed))) return '';
      place = trimmed.startsWith('```') ? 'opening' : 'plain';
    }
    if (place === 'opening') {
      const line = held.trimStart();
      const end = line.indexOf('\n');
      const word = (end === -1 ? line : line.slice(0, end)).slice(3).trim();
      // "```{…}```" on one line, and fences of anything that is not data.
      if (!/^[\w-]*$/.test(word)) place = 'plain';
      else if (end === -1) return '';
      else {
        place = 'inside';
        held = line.slice(end + 1);
      }
    }
    return flow();
  };
  const flow = (): string => {
    const keep = place === 'inside' ? (/\s*`{0,3}\s*$/.exec(held)?.[0].length ?? 0) : 0;
    const out = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return out;
  };

  return {
    push(piece) {
      if (place === 'plain') return piece;
      held += piece;
      return place === 'inside' ? flow() : opening();
    },
    end() {
      const rest = held;
      held = '';
      return place === 'inside' && /^\s*```\s*$/.test(rest) ? '' : rest;
    },
  };
}
