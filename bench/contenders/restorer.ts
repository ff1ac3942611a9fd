import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { sayResult } from '../measure.ts';

/** `pg_restore` alone: an existing file, into an empty database. */
export interface RestoreTask {
  readonly pgRestore: string;
  readonly flags: readonly string[];
}

const { pgRestore, flags }: RestoreTask = JSON.parse(readFileSync(0, 'utf8'));
const begun = performance.now();
await new Promise<void>((resolve, reject) => {
  const child = spawn(pgRestore, flags, { stdio: ['ignore', 'inherit', 'inherit'] });
  child.once('close', (code) =>
    code === 0 ? resolve() : reject(new Error(`pg_restore: ${code}`)),
  );
});
sayResult({ seconds: (performance.now() - begun) / 1000 });
process.exit(0);
