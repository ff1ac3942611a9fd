import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // One more than the smallest machine has cores: most files wait for servers and processes now and then.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
