import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** The resources that one process and its children used. Bytes, seconds. */
export interface Measured {
  /** From the start of the process to its end. */
  readonly seconds: number;
  /** User and system time, with that of its children. */
  readonly cpuSeconds: number;
  readonly childrenCpuSeconds: number;
  /** Highest resident memory of the process and of its children, added; pages they share count in each. */
  readonly peakMemory: number;
  readonly peakOfChildren: number;
  /** Bytes written to files on a disk. */
  readonly writtenToDisk: number;
}

const SAMPLE_MS = 50;
/** Clock ticks of proc(5) in a second. */
const TICKS = 100;

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process has ended since it was listed.
    return '';
  }
};

const programOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
};

/** Without processes that were only just forked and still show their parent's memory. */
const childrenOf = (pid: number): number[] => {
  const found = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return found
    .filter((child) => programOf(child) !== process.execPath)
    .flatMap((child) => [child, ...childrenOf(child)]);
};

/** Highest resident memory so far. */
const peakOf = (pid: number | 'self'): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

/** By the process itself and by the children that it has waited for: the kernel adds theirs to their parent's. */
const written = (): number => Number(/^write_bytes: (\d+)/m.exec(read('/proc/self/io'))?.[1] ?? 0);

/** The report of a measured process on itself, its last action, in one line. */
export const sayResult = (result: object): void => {
  const stat = read('/proc/self/stat');
  // User and system time of itself, and of the children it has waited for: fields 14 to 17.
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = ticks;
  const own = {
    cpuSeconds: (user + system + childrenUser + childrenSystem) / TICKS,
    childrenCpuSeconds: (childrenUser + childrenSystem) / TICKS,
    peakMemory: peakOf('self'),
    writtenToDisk: written(),
  };
  process.stdout.write(`\nRESULT ${JSON.stringify({ own, result })}\n`);
};

interface Said<Result> {
  readonly own: Pick<
    Measured,
    'cpuSeconds' | 'childrenCpuSeconds' | 'peakMemory' | 'writtenToDisk'
  >;
  readonly result: Result;
}

export interface Run {
  /** A bundled script that ends with `sayResult`. */
  readonly script: string;
  /** For Node itself. */
  readonly flags?: readonly string[];
  /** Given to the script on standard input, as JSON. */
  readonly task: unknown;
  readonly environment: NodeJS.ProcessEnv;
}

const running = new Set<ChildProcess>();

/** Kills the measured process and all its children. */
export const endMeasured = (): void => {
  for (const { pid } of running) {
    try {
      if (pid) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has just ended on its own.
    }
  }
};

/** Runs one process to its end. @throws Error with its output if it failed */
export const measure = <Result = unknown>({
  script,
  flags = [],
  task,
  environment,
}: Run): Promise<Measured & { readonly result: Result }> =>
  new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(process.execPath, [...flags, script], {
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Its own process group, so that it can be killed with its children.
      detached: true,
    });
    running.add(child);
    child.once('error', reject);
    // It ended before it read its whole task: its output says why.
    child.stdin.on('error', () => undefined);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        said = (said + text.toString()).slice(-100_000);
      });
    }
    child.stdin.end(JSON.stringify(task));
    let peakOfChildren = 0;
    const timer = setInterval(() => {
      const children = childrenOf(child.pid ?? -1);
      const now = children.reduce((sum, pid) => sum + peakOf(pid), 0);
      peakOfChildren = Math.max(peakOfChildren, now);
    }, SAMPLE_MS);
    child.once('close', (code) => {
      clearInterval(timer);
      running.delete(child);
      const seconds = (performance.now() - begun) / 1000;
      const line = /^RESULT (.*)$/m.exec(said)?.[1];
      if (code !== 0 || !line) return reject(new Error(`${script} ended with ${code}: ${said}`));
      const { own, result } = JSON.parse(line) as Said<Result>;
      return resolve({
        ...own,
        seconds,
        peakMemory: own.peakMemory + peakOfChildren,
        peakOfChildren,
        result,
      });
    });
  });
