import type { VendorRow } from '../row.ts';

type Optional = 'wires' | 'auth' | 'keyRequired' | 'aliases' | 'keyVariables' | 'endpoints';

/** A row with what most vendors share: chat completions, a Bearer key that is required. */
export function vendor(row: Omit<VendorRow, Optional> & Partial<Pick<VendorRow, Optional>>): VendorRow {
  return {
    aliases: {},
    keyVariables: [],
    endpoints: {},
    wires: ['openai-chat'],
    auth: 'bearer',
    keyRequired: true,
    ...row,
  };
}
