import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open as openFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import cliProgress from 'cli-progress';
import type * as z from 'zod';
import type { Session } from './command.ts';
import { CommandFailed, EXIT } from './exit.ts';
import type * as shown from './shown.ts';
import { bytesText } from './words.ts';

type Download = z.output<typeof shown.download>;

const sizeOf = async (file: string): Promise<number | undefined> => {
  try {
    return (await stat(file)).size;
  } catch {
    return undefined;
  }
};

const hashFile = async (file: string, hash: Hash): Promise<void> => {
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
};

interface Meter {
  /** Bytes so far. */
  readonly done: number;
  /** Counts and hashes a chunk. */
  take(chunk: Buffer): void;
  stop(): void;
}

/** Hashes the received bytes and shows the progress. */
const makeMeter = ({ output }: Session, hash: Hash, from: number, total: number): Meter => {
  const bar = output.isTerminal
    ? new cliProgress.SingleBar(
        {
          format: '{bar} {percentage}%  {speed}  {eta_formatted} left',
          barsize: 24,
          hideCursor: true,
          clearOnComplete: true,
          stream: process.stderr,
          linewrap: false,
        },
        cliProgress.Presets.shades_classic,
      )
    : undefined;
  bar?.start(total, from, { speed: '' });
  const began = performance.now();
  let done = 0;
  return {
    get done() {
      return from + done;
    },
    take: (chunk) => {
      hash.update(chunk);
      done += chunk.length;
      const perSecond = (done / Math.max(1, performance.now() - began)) * 1000;
      bar?.update(from + done, { speed: `${bytesText(perSecond)}/s` });
    },
    stop: () => bar?.stop(),
  };
};

const open = async (url: string, from: number, signal: AbortSignal) => {
  const response = await fetch(url, {
    headers: from ? { range: `bytes=${from}-` } : {},
    signal,
  });
  if (!response.ok || !response.body)
    throw new CommandFailed(`The vault answered the download with status ${response.status}.`);
  // A store that ignores the range sends the whole object.
  return { body: response.body, isPart: response.status === 206 };
};

const checkWhole = ({ done }: Meter, hash: Hash, { size, checksum }: Download): void => {
  if (done < size)
    throw new CommandFailed(
      `The connection ended after ${bytesText(done)} of ${bytesText(size)}. The same command continues from there.`,
    );
  const digest = hash.digest('hex');
  if (digest === checksum) return;
  throw new CommandFailed(
    `The download is damaged: its SHA-256 is ${digest}, not ${checksum}. Download it again; if that does not help, verify the backup.`,
  );
};

/** Writes one chunk after the other: bytes received before an interruption are written. */
const copy = async (
  body: AsyncIterable<Uint8Array>,
  meter: Meter,
  write: (chunk: Buffer) => Promise<unknown>,
): Promise<void> => {
  try {
    for await (const bytes of body) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await write(chunk);
      meter.take(chunk);
    }
  } finally {
    meter.stop();
  }
};

const toStandardOutput = (chunk: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
  });

/** Writes to a pipe: the digest is known only after everything has been written. */
const toPipe = async (session: Session, wanted: Download): Promise<void> => {
  const hash = createHash('sha256');
  const { body } = await open(wanted.url, 0, session.signal);
  const meter = makeMeter(session, hash, 0, wanted.size);
  await copy(body, meter, toStandardOutput);
  checkWhole(meter, hash, wanted);
};

/** On failure, the received bytes stay in `.part`, and the same command resumes from there. */
const toFile = async (session: Session, wanted: Download, file: string): Promise<void> => {
  const part = `${file}.part`;
  const hash = createHash('sha256');
  const kept = (await sizeOf(part)) ?? 0;
  const from = kept < wanted.size ? kept : 0;
  const { body, isPart } = await open(wanted.url, from, session.signal);
  const begins = isPart ? from : 0;
  if (begins) await hashFile(part, hash);
  const meter = makeMeter(session, hash, begins, wanted.size);
  const handle = await openFile(part, begins ? 'a' : 'w', 0o600);
  try {
    await copy(body, meter, (chunk) => handle.appendFile(chunk));
    await handle.sync();
  } finally {
    await handle.close();
  }
  checkWhole(meter, hash, wanted);
  await rename(part, file);
};

/**
 * Downloads a backup, resumes an unfinished download, and checks the SHA-256 before the file gets its name.
 * @param to a file, a folder, or `-` for standard output
 * @returns the path of the file; undefined for standard output
 */
export const downloadTo = async (
  session: Session,
  wanted: Download,
  to: string | undefined,
  force: boolean,
): Promise<string | undefined> => {
  if (to === '-') {
    await toPipe(session, wanted);
    return undefined;
  }
  const name = path.basename(wanted.fileName);
  const isFolder = to !== undefined && (await stat(to).catch(() => undefined))?.isDirectory();
  const file = to === undefined ? name : isFolder ? path.join(to, name) : to;
  if (!force && (await sizeOf(file)) !== undefined)
    throw new CommandFailed(
      `${file} exists. Give --force to replace it, or -o another name.`,
      EXIT.usage,
    );
  await toFile(session, wanted, file);
  return file;
};
