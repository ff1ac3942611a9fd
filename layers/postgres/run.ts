import { spawn } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import {
  BuildStepFailed,
  ChecksumMismatch,
  DiskFull,
  type LayerError,
  MirrorUnreachable,
} from './errors.ts';

export type RunOptions = {
  cwd?: string;
  /** An exit code other than 0 is a valid result, not a failure. */
  anyExit?: boolean;
  /** The folder that the program writes to. If it is full, apt-get waits without a limit; then it is killed. */
  writesTo?: string;
};

/**
 * Runs a program of the build and returns its standard output. Messages are in English whatever the machine's
 * language, because failures are distinguished by them.
 *
 * @throws DiskFull, MirrorUnreachable, ChecksumMismatch, BuildStepFailed
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-8_000);
  });
  let full = false;
  const watch = setInterval(async () => {
    full ||= options.writesTo !== undefined && (await isFull(options.writesTo));
    if (full) child.kill();
  }, 1_000);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new BuildStepFailed(program, error.message, error)));
    child.once('close', (exit, signal) => resolve(exit ?? (signal ? 128 : 1)));
  }).finally(() => clearInterval(watch));
  // apt-cache reports nothing about it, or crashes.
  if (code !== 0 && options.writesTo !== undefined && (full || (await isFull(options.writesTo)))) {
    throw new DiskFull(options.writesTo);
  }
  if (code !== 0 && !options.anyExit) throw failure(program, said, options.cwd ?? process.cwd());
  return Buffer.concat(output).toString();
}

async function isFull(directory: string): Promise<boolean> {
  return statfs(directory).then(
    (found) => found.bavail === 0,
    () => false,
  );
}

function failure(program: string, said: string, cwd: string): LayerError {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const pick = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).slice(0, 8);
  if (/No space left on device|Disk quota exceeded/.test(said)) return new DiskFull(cwd);
  if (/Hash Sum mismatch|BADSIG|File has unexpected size/.test(said)) {
    return new ChecksumMismatch(pick(/mismatch|BADSIG|unexpected size/).join(' '));
  }
  const network =
    /Could not resolve|Temporary failure resolving|Could not connect|Cannot initiate|Connection (failed|refused|timed out)|Failed to fetch|Unable to connect|does not have a Release file/;
  if (network.test(said)) return new MirrorUnreachable(pick(network).join(' '));
  return new BuildStepFailed(program.split('/').at(-1) ?? program, lines.slice(-6).join('\n'));
}

/** Does the same work on many items, at most `width` at once; the first failure stops it. */
export async function each<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: width }, lane));
  const broken = lanes.find((one) => one.status === 'rejected');
  if (broken) throw broken.reason;
  return results;
}
