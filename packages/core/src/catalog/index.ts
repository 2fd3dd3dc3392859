export * from './attribute.ts';
export * from './models.ts';
export * from './prices.ts';
