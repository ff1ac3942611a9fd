import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { sayResult } from '../measure.ts';

/** `pg_dump` alone, one dump after another in one process; all output is read and discarded. */
export interface DumperTask {
  readonly pgDump: string;
  /** Of each dump. */
  readonly flags: readonly (readonly string[])[];
}

export interface DumperResult {
  /** Of each dump, in their order. */
  readonly seconds: readonly number[];
  readonly bytes: readonly number[];
}

const { pgDump, flags }: DumperTask = JSON.parse(readFileSync(0, 'utf8'));
const seconds: number[] = [];
const bytes: number[] = [];

const dump = (one: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(pgDump, one, { stdio: ['ignore', 'pipe', 'inherit'] });
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(size) : reject(new Error(`pg_dump: ${code}`)),
    );
  });

for (const one of flags) {
  const begun = performance.now();
  bytes.push(await dump(one));
  seconds.push((performance.now() - begun) / 1000);
}
sayResult({ seconds, bytes } satisfies DumperResult);
process.exit(0);
