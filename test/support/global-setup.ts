import { chmodSync, mkdtempSync } from 'node:fs';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import {
  claimRunFolder,
  RUN_FOLDER,
  RUN_FOLDERS,
  removeDeadRuns,
  removeRunFolder,
} from './run-folder.ts';

/**
 * Builds the layers that the tests run on before any test, so that no test waits for another's build, and prints their versions. The
 * requests are those of test/support/postgres.ts. Then creates a folder for what test files share, removed after the last. Removes folders
 * and servers of runs that were killed first.
 */
const REQUESTS = [
  { layer: 'client' },
  { layer: 'server', majors: [15] },
  { layer: 'server', majors: [18] },
] as const;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

export default async (): Promise<() => Promise<void>> => {
  for (const request of REQUESTS) {
    const { manifest } = await ensureLayer({ ...request, onProgress: say });
    const versions = Object.values(manifest.programs);
    say(`PostgreSQL's ${request.layer} programs: ${versions.join(', ')}`);
  }
  await removeDeadRuns();
  const folder = mkdtempSync(RUN_FOLDERS);
  claimRunFolder(folder);
  chmodSync(folder, 0o755);
  process.env[RUN_FOLDER] = folder;
  return () => removeRunFolder(folder);
};
