import { defineConfig } from 'vitest/config';

/** Tests of the dashboard in a real Chromium; they say so and skip where there is none. */
export default defineConfig({
  test: {
    include: ['packages/dashboard/test/{browser,frames}.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'threads',
    maxWorkers: 1,
  },
});
