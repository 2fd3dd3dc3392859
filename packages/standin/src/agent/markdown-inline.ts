/** What a run of text looks like; `code` and `link` are looks of their own. */
export type Weight = 'bold' | 'italic' | 'underline' | 'strike' | 'dim' | 'code';

/** Shows text in a look; the text is harmless already. */
export type Paint = (text: string, weights: readonly Weight[]) => string;

/** A mark that opens something is waited for so long; then it is a sign like any other. */
const MOST_WAITED = 240;

const SPECIAL = /[`*_~[\\]/;
const WORD = /[\p{L}\p{N}]/u;
const LATIN = /[A-Za-z0-9]/;

interface Found {
  readonly length: number;
  readonly inner: string;
  readonly weights: readonly Weight[];
  /** Shown after it, as it is. */
  readonly after?: string;
  /** Nothing in it is a mark. */
  readonly isLiteral?: boolean;
}

/** `wait`: more is to come that may decide it. */
type Look = Found | 'wait' | undefined;

/**
 * Emphasis, code and links of one line that arrives in pieces. A mark whose end does not come is shown as it was written:
 * nothing is ever left out but the marks of what was recognised.
 */
export interface InlineStream {
  /** What can be shown of the text so far. */
  push(text: string): string;
  /** The line ended: all that waits. */
  end(): string;
}

export function createInlineStream(paint: Paint, base: readonly Weight[]): InlineStream {
  let waiting = '';
  let before = '';
  const take = (isEnd: boolean): string => {
    let shown = '';
    while (waiting !== '') {
      const at = waiting.search(SPECIAL);
      const plain = at < 0 ? waiting : waiting.slice(0, at);
      if (plain !== '') {
        shown += paint(plain, base);
        before = plain.at(-1) ?? before;
        waiting = waiting.slice(plain.length);
        continue;
      }
      const found = look(waiting, before, isEnd);
      if (found === 'wait' && waiting.length < MOST_WAITED) break;
      if (found === undefined || found === 'wait') {
        const [sign = ''] = /^(?:\*+|_+|`+|~+|.)/su.exec(waiting) ?? [];
        shown += paint(sign, base);
        before = sign.at(-1) ?? before;
        waiting = waiting.slice(sign.length);
        continue;
      }
      const { length, inner, weights, after = '', isLiteral = false } = found;
      const all = [...base, ...weights];
      shown += isLiteral ? paint(inner, all) : renderInline(inner, paint, all);
      if (after !== '') shown += paint(after, [...base, 'dim']);
      before = waiting[length - 1] ?? before;
      waiting = waiting.slice(length);
    }
    return shown;
  };
  return {
    push(text) {
      waiting += text;
      return take(false);
    },
    end: () => take(true),
  };
}

/** The same for a text that is there as a whole. */
export function renderInline(text: string, paint: Paint, base: readonly Weight[]): string {
  const stream = createInlineStream(paint, base);
  return stream.push(text) + stream.end();
}

function look(text: string, before: string, isEnd: boolean): Look {
  switch (text[0]) {
    case '\\':
      return escaped(text, isEnd);
    case '`':
      return code(text, isEnd);
    case '[':
      return link(text, isEnd);
    default:
      return emphasis(text, before, isEnd);
  }
}

/** `\*`: the sign and no mark. */
function escaped(text: string, isEnd: boolean): Look {
  if (text.length < 2) return isEnd ? undefined : 'wait';
  const sign = text[1] ?? '';
  return /[!-/:-@[-`{-~]/.test(sign) ? { length: 2, inner: sign, weights: [], isLiteral: true } : undefined;
}

function code(text: string, isEnd: boolean): Look {
  const [mark = ''] = /^`+/.exec(text) ?? [];
  if (mark.length === text.length) return isEnd ? undefined : 'wait';
  for (const run of text.slice(mark.length).matchAll(/`+/g)) {
    const end = mark.length + run.index;
    if (end + run[0].length === text.length && !isEnd) return 'wait';
    if (run[0].length !== mark.length) continue;
    const inner = text.slice(mark.length, end);
    const isPadded = /^ .* $/s.test(inner) && inner.trim() !== '';
    const shown = isPadded ? inner.slice(1, -1) : inner;
    return { length: end + mark.length, inner: shown, weights: ['code'], isLiteral: true };
  }
  return isEnd ? undefined : 'wait';
}

/** Where it leads is always shown. */
function link(text: string, isEnd: boolean): Look {
  const whole = /^\[([^[\]]+)\]\(([^()\s]+)\)/.exec(text);
  if (whole !== null) {
    const [all, inner = '', url = ''] = whole;
    return { length: all.length, inner, weights: ['underline'], after: inner === url ? '' : ` (${url})` };
  }
  const isOpen = /^\[(?:[^[\]]*|[^[\]]+\]|[^[\]]+\]\([^()\s]*)$/.test(text);
  return isOpen && !isEnd ? 'wait' : undefined;
}

const WEIGHTS: Readonly<Record<string, readonly Weight[]>> = {
  '*': ['italic'],
  _: ['italic'],
  '**': ['bold'],
  __: ['bold'],
  '***': ['bold', 'italic'],
  '~~': ['strike'],
};

function emphasis(text: string, before: string, isEnd: boolean): Look {
  const [mark = ''] = /^(?:\*+|_+|~+)/.exec(text) ?? [];
  if (mark.length === text.length) return isEnd ? undefined : 'wait';
  const weights = WEIGHTS[mark];
  const next = text[mark.length] ?? '';
  if (weights === undefined || /\s/.test(next)) return undefined;
  // `snake_case`, `2*3*4` and `a**b` mean no emphasis; scripts without spaces have it between their letters.
  const joins = mark === '**' || mark === '~~' ? LATIN.test(before) && LATIN.test(next) : WORD.test(before);
  if (joins) return undefined;
  const sign = mark[0] ?? '';
  for (const run of text.slice(mark.length).matchAll(sign === '*' ? /\*+/g : sign === '_' ? /_+/g : /~+/g)) {
    const end = mark.length + run.index;
    if (end + run[0].length === text.length && !isEnd) return 'wait';
    if (run[0].length !== mark.length || /\s/.test(text[end - 1] ?? '')) continue;
    const after = text[end + mark.length] ?? '';
    if (sign === '_' && WORD.test(after)) continue;
    if (mark === '*' && WORD.test(after)) continue;
    return { length: end + mark.length, inner: text.slice(mark.length, end), weights };
  }
  return isEnd ? undefined : 'wait';
}
