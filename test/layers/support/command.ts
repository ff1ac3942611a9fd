import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

const BUILD = path.resolve(import.meta.dirname, '../../../layers/postgres/build.ts');

export type Ended = { code: number | null; output: string; said: string };

/** Starts `npm run layers` with its own cache; `said` gets its progress as it is printed. */
export function startBuild(
  cache: string,
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    said?: (text: string) => void;
    /** Another user and group than this process's. */
    uid?: number;
    gid?: number;
  } = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [BUILD, '--cache', cache, ...args], {
    env: { ...process.env, ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    options.said?.(said);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, said }));
  });
  return { child, ended };
}
