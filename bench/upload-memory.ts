/**
 * `node --expose-gc bench/upload-memory.ts GB`: the memory of the upload alone, with a stream of that many gigabytes, as chunks come
 * from pg_dump, and a server that forgets what it gets. It needs no database and no disk. Prints one line of JSON, sizes in MiB.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { makeVault, makeVaultClient } from '../adapters/s3/vault.ts';
import { median } from './numbers.ts';

const CHUNK_BYTES = 64 * 1024;
const SAMPLE_MS = 500;
const SINK = 'sink';

/** As much of S3 as an upload needs. */
const serveSink = (): void => {
  let stored = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'PUT') {
        stored += 1;
        response.setHeader('etag', `"${stored}"`).end();
      } else if (request.url?.includes('uploads'))
        response.end(
          '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
        );
      else
        response.end(
          '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>',
        );
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
};

async function* chunksOf(total: number): AsyncGenerator<Buffer> {
  for (let given = 0; given < total; given += CHUNK_BYTES)
    yield Buffer.alloc(Math.min(CHUNK_BYTES, total - given), 1);
}

const peakMib = (): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

const measureUpload = async (total: number): Promise<void> => {
  const sink = fork(import.meta.filename, [SINK]);
  const [port] = await once(sink, 'message');
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
  });
  const client = makeVaultClient();
  const vault = makeVault({ bucket: 'vault', client });
  const before = peakMib();
  const samples: number[] = [];
  const sampling = setInterval(
    () => samples.push(process.memoryUsage.rss() / 1024 ** 2),
    SAMPLE_MS,
  );
  await vault.store({
    key: 'backups/stream',
    body: Readable.from(chunksOf(total), { objectMode: false, highWaterMark: CHUNK_BYTES }),
    isSoleReader: true,
    expectedBytes: total,
    contentType: 'application/octet-stream',
    downloadName: 'stream',
  });
  clearInterval(sampling);
  const peak = peakMib();
  const rounded = Object.entries({ before, median: median(samples), peak }).map(
    ([name, value]) => [name, Math.round(value)] as const,
  );
  console.log(JSON.stringify({ gigabytes: total / 1e9, ...Object.fromEntries(rounded) }));
  client.destroy();
  sink.kill();
};

if (process.argv[2] === SINK) serveSink();
else await measureUpload(Number(process.argv[2] ?? 1) * 1e9);
