import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What one process with its children needed. Bytes, seconds. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMemory: number;
  readonly writtenToDisk: number;
}

const PAGE = 4096;
const SAMPLE_MS = 50;

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process has ended since it was listed.
    return '';
  }
};

const parentOf = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
};

/** A process and all that descend from it. */
const treeOf = (root: number): number[] => {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const within = (pid: number | undefined): boolean =>
    pid === root || (!!pid && within(parents.get(pid)));
  return all.filter(within);
};

/** Resident bytes, and bytes that went to a disk, of a process. Shared pages count in each that has them. */
const usageOf = (pid: number): { resident: number; written: number } => ({
  resident: Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE,
  written: Number(/^write_bytes: (\d+)/m.exec(read(`/proc/${pid}/io`))?.[1] ?? 0),
});

/** Runs one contender. @throws Error with what it said, where it failed */
export const measure = (
  task: Record<string, unknown>,
  environment: NodeJS.ProcessEnv,
): Promise<Measured> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'contender.ts')], {
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        said = (said + text.toString()).slice(-20_000);
      });
    }
    child.stdin.end(JSON.stringify(task));
    let peakMemory = 0;
    const written = new Map<number, number>();
    const timer = setInterval(() => {
      const usages = treeOf(child.pid ?? -1).map((pid) => ({ pid, ...usageOf(pid) }));
      peakMemory = Math.max(
        peakMemory,
        usages.reduce((sum, { resident }) => sum + resident, 0),
      );
      for (const usage of usages) written.set(usage.pid, usage.written);
    }, SAMPLE_MS);
    child.once('close', (code) => {
      clearInterval(timer);
      const result = /^RESULT (.*)$/m.exec(said)?.[1];
      if (code !== 0 || !result) return reject(new Error(`${task.contender}: ${said}`));
      const writtenToDisk = [...written.values()].reduce((sum, bytes) => sum + bytes, 0);
      return resolve({ ...JSON.parse(result), peakMemory, writtenToDisk });
    });
  });
