import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Room } from '../adapters/postgres/scratch/room.ts';
import { ensureInterfaceClient } from './interface-client.ts';
import { type Alive, type Answer, startRuntimeApi } from './runtime-api.ts';

/** One execution environment of a function: AWS's runtime interface client in a sandbox like Lambda's, frozen between events. */
export interface Sandbox {
  /**
   * Thaws it if it is frozen, lets it handle an event, and waits until it asks for the next one.
   * @param aheadMs milliseconds by which its clock is ahead: the time for which it was frozen, which the test does not wait for
   */
  invoke(
    event: unknown,
    aheadMs: number,
  ): Promise<{ readonly answer: Answer; readonly alive: Alive }>;
  /** Stops every process in it, as Lambda does between events. */
  freeze(): void;
  /** Its processes except the client's own. */
  children(): readonly string[];
  /** Lines on its standard output. */
  log(): readonly string[];
  end(): Promise<void>;
}

export interface SandboxOptions {
  readonly name: string;
  /** Folder with the function's bundle. */
  readonly codeFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly temporaryMb?: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

const processes = (): Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The command may contain spaces and parentheses: the last parenthesis ends it.
        const [, parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        return [];
      }
    });

/** Descendants, each after its parent. */
const descendantsOf = (pid: number): Process[] => {
  const all = processes();
  const found: Process[] = [];
  const parents = [pid];
  for (const parent of parents) {
    for (const one of all.filter((child) => child.parent === parent)) {
      found.push(one);
      parents.push(one.pid);
    }
  }
  return found;
};

const signal = (child: ChildProcess, name: 'SIGSTOP' | 'SIGCONT'): void => {
  for (const { pid } of descendantsOf(child.pid ?? 0)) process.kill(pid, name);
};

/** Node's flags for the function's memory, as in /var/runtime/bootstrap of AWS's base images. */
const flagsOf = (memoryMb: number): string[] => {
  const youngMb = Math.floor(memoryMb / 10);
  return [
    '--expose-gc',
    `--max-semi-space-size=${Math.floor(youngMb / 2)}`,
    `--max-old-space-size=${memoryMb - youngMb}`,
  ];
};

export const startSandbox = async (room: Room, options: SandboxOptions): Promise<Sandbox> => {
  const { name, codeFolder, environment, memoryMb, temporaryMb = 512 } = options;
  const api = await startRuntimeApi(`arn:aws:lambda:eu-central-1:111111111111:function:${name}`);
  const client = ensureInterfaceClient();
  const child = room.start(
    {
      flags: [
        ...flagsOf(memoryMb),
        `--import=${path.join(import.meta.dirname, 'native-client.ts')}`,
      ],
      program: client,
      args: [],
      environment: { ...environment, AWS_LAMBDA_RUNTIME_API: api.address },
    },
    { temporaryMb, network: true, visible: [codeFolder] },
  );
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = once(child, 'close').then(([code, by]) => {
    throw new Error(`${name} ended with ${code ?? by}: ${output.slice(-3000)}`);
  });
  exited.catch(() => undefined);
  let isFrozen = false;
  await Promise.race([api.idle(), exited]);
  return {
    invoke: async (event, aheadMs) => {
      const answer = api.invoke(event, aheadMs);
      if (isFrozen) signal(child, 'SIGCONT');
      isFrozen = false;
      return await Promise.race([
        answer.then(async (given) => ({ answer: given, alive: await api.idle() })),
        exited,
      ]);
    },
    freeze: () => {
      signal(child, 'SIGSTOP');
      isFrozen = true;
    },
    children: () =>
      descendantsOf(child.pid ?? 0)
        .map(({ command }) => command)
        .filter((command) => !command.includes(client)),
    log: () => output.split('\n'),
    end: async () => {
      if (isFrozen) signal(child, 'SIGCONT');
      child.kill('SIGKILL');
      await exited.catch(() => undefined);
      await api.close();
    },
  };
};
