import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startScratch } from '../../../../adapters/postgres/scratch/server/server.ts';
import { SILENT } from './support.ts';

/** A separate process that starts a scratch server, prints where it is, and waits to be killed. */
const [temporaryFolder = '', root = ''] = process.argv.slice(2);
const server = await startScratch({
  programRoots: [root],
  temporaryFolder,
  backupMajor: 18,
  locale: { encoding: 'UTF8', collation: 'C' },
  log: SILENT,
});
const folder = server.access.host;
const file = readFileSync(path.join(folder, 'data', 'postmaster.pid'), 'utf8');
process.send?.({ folder, pid: Number.parseInt(file, 10) });
// Nothing else keeps the process alive once its server has ended.
setInterval(() => undefined, 60_000);
