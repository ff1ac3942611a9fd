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
 * The layers that the tests run on, built once before any of them, so that no test waits for another's build; and a
 * line of which versions they are. The requests are those of test/support/postgres.ts. Then a place for what test files
 * share, removed after the last. Folders and servers of runs that were killed are removed first.
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
