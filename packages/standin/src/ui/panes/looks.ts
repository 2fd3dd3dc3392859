import { healthLook, type Look as Outcome, type Tone } from '@standin/dashboard/lib/outcome';
import { BOLD, CYAN, DIM, GREEN, RED, YELLOW, type Look } from '../screen/style.ts';

const TONES: Readonly<Record<Tone, Look>> = {
  good: GREEN,
  warn: YELLOW,
  bad: RED | BOLD,
  info: CYAN,
  idle: DIM,
};

/** Colour only helps: the word says it. */
export const lookOf = ({ tone }: Outcome): Look => TONES[tone];

export const healthColour = (state: string): Look => lookOf(healthLook(state));
