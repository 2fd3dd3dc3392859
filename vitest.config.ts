import { defineConfig } from 'vitest/config';

/** Modules are loaded once per worker, not once per file: no test may leave its mark on a module (see CONTRIBUTING.md). */
const shared = { isolate: false, testTimeout: 20_000, hookTimeout: 20_000 };

export default defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...shared,
          name: 'library',
          include: ['packages/*/test/**/*.test.ts'],
          // Chromium's have a run of their own: `npm run test:browser`.
          exclude: ['packages/standin/**', 'packages/dashboard/test/{browser,frames}.test.ts', '**/node_modules/**'],
          pool: 'threads',
        },
      },
      {
        // Runs the command within the test's process, each time in another directory: threads share theirs.
        test: { ...shared, name: 'command', include: ['packages/standin/test/**/*.test.ts'], pool: 'forks' },
      },
    ],
  },
});
