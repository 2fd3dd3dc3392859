export type { SchemaDialect } from './dialects.ts';
export { fitRequest } from './fit-request.ts';
export { fitSchema, type FittedSchema } from './fit-schema.ts';
