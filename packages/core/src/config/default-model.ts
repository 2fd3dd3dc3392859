import type { VendorRow } from '../vendors/row.ts';

/** What a server that serves a model of its own choice is asked for. */
const SERVER_CHOICE = 'default';

/** The model of an entry that names none; local servers answer with whatever they have loaded. */
export function defaultModelOf(row: VendorRow | undefined): string | undefined {
  if (row === undefined) return undefined;
  if (row.defaultModel !== undefined) return row.defaultModel;
  return !row.keyRequired && Object.keys(row.endpoints).length > 0 ? SERVER_CHOICE : undefined;
}
