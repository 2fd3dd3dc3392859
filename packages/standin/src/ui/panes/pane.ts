import type { Area, Canvas } from '../screen/canvas.ts';
import type { Key } from '../screen/keys.ts';
import type { Link } from '../gateway/link.ts';

/** A key and what it does here. */
export type Hint = readonly [key: string, words: string];

export interface Surroundings {
  readonly link: Link;
  /** Something is to be seen that was not. */
  readonly redraw: () => void;
  /** One line for the user, until the next key. */
  readonly say: (text: string, tone?: 'good' | 'bad') => void;
}

/** One of the views that fill the screen. */
export interface Pane {
  readonly title: string;
  draw(canvas: Canvas, area: Area): void;
  /** False: the key means nothing here. */
  key(key: Key): boolean;
  hints(): readonly Hint[];
  /** Every sign goes to it: something is being typed. */
  readonly isTyping: boolean;
  /** It came into sight, or time has passed while it is. */
  look?(isFirst: boolean): void;
  /** The link changed. */
  linked?(): void;
}
