/** Smaller bodies cannot keep the process busy for long, whatever stands in them. */
const LOOK_FROM_BYTES = 64 * 1024;
const MOST_DEPTH = 512;
/** Objects and arrays. The longest conversations have some ten thousand. */
const MOST_CONTAINERS = 200_000;
/** Members of all of them: lists of token numbers are long. */
const MOST_MEMBERS = 2_000_000;
/** A short string is read faster here than handed to the search for its end. */
const SHORT_STRING = 48;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Why a large body is not even parsed: reading two million nested lists would keep every other caller waiting for a
 * second. Strings, which real large bodies consist of, are passed over at the speed of a search.
 */
export function shapeProblem(body: Buffer): string | undefined {
  const size = body.length;
  if (size < LOOK_FROM_BYTES) return undefined;
  let depth = 0;
  let containers = 0;
  let members = 0;
  for (let at = 0; at < size; at++) {
    switch (body[at]) {
      case QUOTE:
        at = stringEnd(body, at + 1);
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > MOST_DEPTH) return `it is nested deeper than ${MOST_DEPTH} levels`;
        if (++containers > MOST_CONTAINERS) return `it has more than ${MOST_CONTAINERS} objects and arrays`;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      case 0x2c:
        if (++members > MOST_MEMBERS) return `it has more than ${MOST_MEMBERS} members`;
        break;
      default:
    }
  }
  return undefined;
}

/** Index of the closing quote, or the end. */
function stringEnd(body: Buffer, start: number): number {
  const near = Math.min(start + SHORT_STRING, body.length);
  let at = start;
  for (; at < near; at++) {
    const byte = body[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  // `at` may stand behind an escape that crosses the border.
  let from = at;
  for (;;) {
    const quote = body.indexOf(QUOTE, from);
    if (quote < 0) return body.length;
    let before = quote - 1;
    while (before >= at && body[before] === BACKSLASH) before--;
    if ((quote - 1 - before) % 2 === 0) return quote;
    from = quote + 1;
  }
}
