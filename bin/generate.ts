import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GENERATED } from './generate/files.ts';

/** Writes all files that are made from the code: `npm run docs`. A test fails if one of them is out of date. */
for (const [file, make] of Object.entries(GENERATED)) {
  await writeFile(path.resolve(import.meta.dirname, '..', file), await make());
  process.stdout.write(`${file}\n`);
}
