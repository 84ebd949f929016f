import { defineConfig } from 'vitest/config';

// One cluster at a time: the tests share two cores, and each cluster has a network namespace of its own.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
  },
});
