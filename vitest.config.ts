import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'examples/**/*.test.ts', 'test/attacks/**/*.test.ts'],
    pool: 'threads',
    testTimeout: 30_000,
  },
});
