/**
 * One attempt budget through nested Standins: the outer one says how many vendor attempts are left, the inner one
 * answers how many it made. Without it three gateways in a row multiply their retries.
 */
export const ATTEMPTS_LEFT_HEADER = 'x-standin-attempts-left';
export const ATTEMPTS_MADE_HEADER = 'x-standin-attempts';

/** No request is worth more, whatever a header says. */
const MOST = 100;

const left: Readonly<Record<string, string>>[] = [];

/** The header that hands the rest of the budget on; the same frozen object for the same number. */
export function attemptsLeftHeader(attempts: number): Readonly<Record<string, string>> {
  const count = Math.min(Math.max(1, attempts), MOST);
  return (left[count] ??= Object.freeze({ [ATTEMPTS_LEFT_HEADER]: `${count}` }));
}

/** A whole number from 1 to 100 in a header of ours; anything else is nobody's budget. */
export function attemptsIn(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,3}$/.test(value)) return undefined;
  const count = Number(value);
  return count >= 1 && count <= MOST ? count : undefined;
}
