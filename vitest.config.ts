import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/** Files that leave nothing behind in their process, and for which loading the CDK takes as long as the rest. */
const SHARING = 'test/lib/!(acknowledgements).test.ts';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // One more than the smallest machine has cores: most files wait for servers and processes now and then.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      { extends: true, test: { name: 'stack', include: [SHARING], isolate: false } },
      { extends: true, test: { name: 'rest', include: ['test/**/*.test.ts'], exclude: [SHARING] } },
    ],
  },
});
