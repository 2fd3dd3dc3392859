import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { plainControls } from '../lib/plain-text.ts';
import { CopyButton } from './parts.tsx';

/** Shown at once; more at a wish. Beyond it a browser takes seconds to lay a text out. */
const FIRST_CHARACTERS = 20_000;
const STEP_CHARACTERS = 1_000_000;

/** Text of unknown origin: nothing in it is markup, control characters are made visible, and long ones come in parts. */
export function TextView({ text, label, marks = [] }: { text: string; label: string; marks?: readonly Mark[] }) {
  const [shown, setShown] = useState(FIRST_CHARACTERS);
  const cut = text.length > shown;
  const visible = cut ? text.slice(0, shown) : text;
  return (
    <div class="stack tight">
      <pre class="text-view" tabIndex={0} role="region" aria-label={label}>
        {marks.length === 0 ? plainControls(visible) : marked(visible, marks)}
      </pre>
      {cut && (
        <div class="row wrap small">
          <span class="soft">
            {shown.toLocaleString('en')} of {text.length.toLocaleString('en')} characters
          </span>
          <button type="button" class="button" onClick={() => setShown(Math.min(text.length, shown + STEP_CHARACTERS))}>
            {text.length - shown > STEP_CHARACTERS ? 'Show 1,000,000 more' : 'Show all'}
          </button>
          <CopyButton text={text} what="text" label="Copy all" />
        </div>
      )}
    </div>
  );
}

export interface Mark {
  /** In characters of the text. */
  readonly at: number;
  readonly title: string;
}

function marked(text: string, marks: readonly Mark[]): ComponentChildren {
  const pieces: ComponentChildren[] = [];
  let from = 0;
  for (const { at, title } of marks.toSorted((a, b) => a.at - b.at)) {
    if (at > text.length) break;
    pieces.push(
      plainControls(text.slice(from, at)),
      <span class="splice" role="img" aria-label={title} title={title} />,
    );
    from = at;
  }
  pieces.push(plainControls(text.slice(from)));
  return pieces;
}
