import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, readFileSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { createGzip } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/**
 * One way of exporting a schema, as a process of its own, so that what it costs can be read off it. The first three are what
 * people write; the last is Larder's deployed bundle. Prints one line of JSON when it has ended.
 */
interface Task {
  readonly contender: 'plain-gzip-file' | 'custom-default' | 'custom-zstd-1' | 'larder';
  readonly pgDump: string;
  readonly connection: string;
  readonly schema: string;
  readonly bucket: string;
  readonly key: string;
  readonly temporaryFile: string;
  /** Larder's bundle and the event it gets. */
  readonly bundle: string;
  readonly event: unknown;
}

const task: Task = JSON.parse(readFileSync(0, 'utf8'));

const pgDump = (...flags: string[]) => {
  const child = spawn(
    task.pgDump,
    [`--dbname=${task.connection}`, `--schema=${task.schema}`, ...flags],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = new Promise<void>((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`pg_dump: ${code}`))));
  });
  return { output: child.stdout, exited };
};

const upload = async (body: NodeJS.ReadableStream): Promise<void> => {
  const client = new S3Client({});
  const params = { Bucket: task.bucket, Key: task.key, Body: body as never };
  await new Upload({ client, params }).done();
  client.destroy();
};

const streamed = async (...flags: string[]): Promise<void> => {
  const dump = pgDump(...flags);
  await upload(dump.output);
  await dump.exited;
};

const ways: Record<Task['contender'], () => Promise<void>> = {
  'plain-gzip-file': async () => {
    const dump = pgDump('--format=plain');
    await pipeline(dump.output, createGzip({ level: 6 }), createWriteStream(task.temporaryFile));
    await dump.exited;
    await upload(createReadStream(task.temporaryFile));
    rmSync(task.temporaryFile);
  },
  'custom-default': () => streamed('--format=custom'),
  'custom-zstd-1': () => streamed('--format=custom', '--compress=zstd:1'),
  larder: async () => {
    const { handler } = await import(pathToFileURL(task.bundle).href);
    const answer = await handler(task.event, { getRemainingTimeInMillis: () => 900_000 });
    if (answer.batchItemFailures.length) throw new Error('Larder left the message in its queue');
  },
};

/** User and system time of this process and of the children it has waited for, clock ticks. proc(5), fields 14 to 17. */
const cpuTicks = (): number => {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
};

const begun = performance.now();
await ways[task.contender]();
const seconds = (performance.now() - begun) / 1000;
process.stdout.write(`\nRESULT ${JSON.stringify({ seconds, cpuSeconds: cpuTicks() / 100 })}\n`);
process.exit(0);
