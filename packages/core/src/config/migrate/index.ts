export { migrateConfig, tomlName, type Migration, type MigrationLine, type MigrationReport } from './migrate.ts';
export { unifiedDiff } from './diff.ts';
