import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, readFileSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { sayResult } from '../measure.ts';

/** The usual script for backups, in a separate process, so that its cost can be measured. */
export interface Recipe {
  /** Plain through gzip to a file, then uploaded; or piped to the upload. */
  readonly way: 'file' | 'piped';
  readonly pgDump: string;
  readonly flags: readonly string[];
  /** For `gzip -6` of a plain dump. */
  readonly temporaryFile: string;
  readonly key: string;
}

const recipe: Recipe = JSON.parse(readFileSync(0, 'utf8'));

const pgDump = () => {
  const child = spawn(recipe.pgDump, recipe.flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`pg_dump: ${code}`))));
  });
  return { output: child.stdout, exited };
};

/** As in lib-storage's own documentation, with its defaults. */
const upload = async (body: NodeJS.ReadableStream): Promise<void> => {
  const client = new S3Client({});
  const params = { Bucket: 'vault', Key: recipe.key, Body: body as never };
  await new Upload({ client, params }).done();
  client.destroy();
};

const ways: Record<Recipe['way'], () => Promise<void>> = {
  file: async () => {
    const dump = pgDump();
    const file = createWriteStream(recipe.temporaryFile);
    await pipeline(dump.output, createGzip({ level: 6 }), file);
    await dump.exited;
    await upload(createReadStream(recipe.temporaryFile));
    rmSync(recipe.temporaryFile);
  },
  piped: async () => {
    const dump = pgDump();
    await upload(dump.output);
    await dump.exited;
  },
};

await ways[recipe.way]();
sayResult({});
process.exit(0);
