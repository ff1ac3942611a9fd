import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { RUN_FOLDER } from './run-folder.ts';

/**
 * The layers that the tests run on, built once before any of them, so that no test waits for another's build; and a
 * line of which versions they are. The requests are those of test/support/postgres.ts. Then a place for what test files
 * share, removed after the last.
 */
const REQUESTS = [
  { layer: 'client' },
  { layer: 'server', majors: [15] },
  { layer: 'server', majors: [18] },
] as const;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

export default async (): Promise<() => void> => {
  for (const request of REQUESTS) {
    const { manifest } = await ensureLayer({ ...request, onProgress: say });
    const versions = Object.values(manifest.programs);
    say(`PostgreSQL's ${request.layer} programs: ${versions.join(', ')}`);
  }
  const folder = mkdtempSync('/var/tmp/larder-tests-');
  chmodSync(folder, 0o755);
  process.env[RUN_FOLDER] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
