import { z } from 'zod';

/** Building blocks of the admin API's schemas. */
export const text = z.string();
/** Unix milliseconds. */
export const timeMs = z.number().describe('Unix milliseconds');
export const ms = z.number().describe('milliseconds');
export const usd = z
  .string()
  .regex(/^-?\d+\.\d{9}$/)
  .describe('USD');
export const count = z.int().min(0);
export const nothing = z.strictObject({});
export const OK = z.strictObject({ ok: z.literal(true) });

/** A whole number in a query. */
export const number = z
  .string()
  .regex(/^\d{1,15}$/, 'it must be a whole number')
  .transform(Number);

/** A time in a query: ISO date or Unix milliseconds. */
export const instant = z
  .string()
  .transform((given) => (/^\d{1,15}$/.test(given) ? Number(given) : Date.parse(given)))
  .refine((at) => !Number.isNaN(at), 'it must be an ISO date or Unix milliseconds')
  .describe('ISO date or Unix milliseconds');
