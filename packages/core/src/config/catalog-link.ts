import type { VendorRow } from '../vendors/row.ts';

/** Facts about models that the config asks the catalog for. */
export interface ModelFacts {
  /** Slot of the vendor that makes this model. */
  readonly attributeModel: (model: string) => string | undefined;
  readonly contextWindowFor: (slot: string, model: string) => number | undefined;
}

/** What a server that serves one model of its own choice is asked for. */
export const SERVER_CHOICE = 'default';

/** The model of an entry that names none; local servers answer with whatever they have loaded. */
export function defaultModelOf(row: VendorRow | undefined): string | undefined {
  if (row === undefined) return undefined;
  if (row.defaultModel !== undefined) return row.defaultModel;
  return !row.keyRequired && Object.keys(row.endpoints).length > 0 ? SERVER_CHOICE : undefined;
}
