export type { SchemaDialect } from './dialects.ts';
export { fitSchema, type FittedSchema } from './fit-schema.ts';
