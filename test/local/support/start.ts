import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import path from 'node:path';

/** `npm start` as a separate process, as a person runs it. */
const START = path.resolve(import.meta.dirname, '..', '..', '..', 'local', 'start.ts');

export interface Started {
  readonly process: ChildProcess;
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  /** Resolves when the text has been written, on either stream. */
  until(text: string | RegExp): Promise<string>;
  /** Resolves with the exit status, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export const start = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Started => {
  const child = spawn(process.execPath, [START, '--port', '0', ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a separate process group, so that a test can act as a terminal does.
    detached: true,
  });
  const seen = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      seen[name] += chunk.toString();
      for (const watcher of watchers) watcher();
    });
  }
  const ended = once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals,
  );
  return {
    process: child,
    output: () => ({ ...seen }),
    ended,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const all = seen.stdout + seen.stderr;
          const found =
            typeof text === 'string' ? all.includes(text) && text : all.match(text)?.[0];
          if (!found) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
        void ended.then((status) =>
          reject(new Error(`It ended with ${status} before it wrote ${text}: ${seen.stderr}`)),
        );
      }),
  };
};

/** Ends whatever is left of a start, whatever the outcome of its test. */
export const endStart = async ({ process: child, ended }: Started): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended;
};

/** Processes whose arguments or working folder have the text in them. */
export const processesOf = async (text: string): Promise<string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [commandLine, environment] = await Promise.all(
      ['cmdline', 'environ'].map((file) =>
        readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => ''),
      ),
    );
    if (`${commandLine}${environment}`.includes(text)) found.push(`${pid} ${commandLine}`);
  }
  return found;
};

/** fetch with the token that a start has written into its data folder. */
export const asUser =
  (dataDir: string): typeof fetch =>
  async (input, init) => {
    const options = await readFile(path.join(dataDir, 'api.curl'), 'utf8');
    const token = /Bearer ([\w-]+)/.exec(options)?.[1] ?? '';
    return fetch(input, {
      ...init,
      headers: {
        ...Object.fromEntries(new Headers(init?.headers)),
        authorization: `Bearer ${token}`,
      },
    });
  };

export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true });

const LISTENING = '0A';
/** Local addresses and ports, as /proc/net/tcp has them, on which a process listens. */
export const listeningAddresses = async (pid: number): Promise<string[]> => {
  const folder = `/proc/${pid}/fd`;
  const targets = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(path.join(folder, fd)).catch(() => '')),
  );
  const inodes = new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  );
  return tables
    .join('\n')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTENING && inodes.has(inode ?? ''))
    .map(([, address = '']) => address);
};
