import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { SHARED_PROCESS } from './test/support/run-folder.ts';

/**
 * Files that change what all of their process see: each has a process of its own. The others share one after another, since to load
 * the AWS SDK and the CDK again for each file takes as long as many files do.
 */
const CHANGES_ITS_PROCESS =
  /\bvi\.(mock|doMock|hoisted|stubEnv|stubGlobal|useFakeTimers)\b|\bprocess\.(chdir|umask)\(|\bprocess\.env(\.\w+|\[[^\]]+\]) = /;
const APART = globSync('test/**/*.test.ts', { cwd: import.meta.dirname }).filter((file) =>
  CHANGES_ITS_PROCESS.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')),
);

export default defineConfig({
  // Of Vitest's own, among it how long each file took: the longest files of the last run are the first of the next one, so that none
  // of them is alone at the end. Where nothing is known, the largest are the first.
  cacheDir: '.cache/vite',
  test: {
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // One more than the smallest machine has cores: most files wait for servers and processes now and then.
    maxWorkers: 3,
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      { extends: true, test: { name: 'apart', include: APART } },
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: APART,
          isolate: false,
          env: { [SHARED_PROCESS]: '1' },
        },
      },
    ],
  },
});
