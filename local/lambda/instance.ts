import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { FunctionFailure, InvokeMessage, Outcome, RunnerMessage } from './protocol.ts';

/**
 * One instance of a function, seen from the parent process: started on demand, given one event at a time, killed
 * with its children when its time is up, and not reused after a crash or a failed start.
 */
export interface Instance {
  readonly pid: number;
  /** Undefined while it is idle. */
  readonly requestId: string | undefined;
  readonly alive: boolean;
  invoke(event: unknown, functionArn: string, timeoutMs: number): Promise<Outcome>;
  kill(): Promise<void>;
}

export interface InstanceOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly log: Writable;
}

const RUNNER = fileURLToPath(new URL('./runner.ts', import.meta.url));
/** Lambda allows 10 seconds for a start; a laptop that starts many at once gets more. */
const START_MS = 30_000;

export const startInstance = ({ environment, memoryMb, log }: InstanceOptions): Instance => {
  const child = fork(RUNNER, [], {
    env: { ...environment },
    execArgv: [
      `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
      '--disable-warning=ExperimentalWarning',
    ],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  child.stdout?.on('data', (text: Buffer) => log.write(text));
  child.stderr?.on('data', (text: Buffer) => log.write(text));
  const state: { requestId?: string | undefined; ended?: string } = {};
  const exited = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      state.ended ??= how;
      resolve();
    };
    child.once('exit', (code, signal) => {
      // Its child processes are killed with it, as in a Lambda sandbox.
      killGroup(child);
      end(signal ? `signal: ${signal}` : `exit status ${code}`);
    });
    child.once('error', (error) => end(error.message));
  });
  const ready = withTimeout(firstMessage(child, exited, state), START_MS);
  ready.catch(() => undefined);
  const kill = async (): Promise<void> => {
    killGroup(child);
    await exited;
  };
  return {
    pid: child.pid ?? -1,
    get requestId() {
      return state.requestId;
    },
    get alive() {
      return state.ended === undefined;
    },
    invoke: async (event, functionArn, timeoutMs) => {
      const requestId = randomUUID();
      state.requestId = requestId;
      try {
        const unfit = await ready;
        if (unfit) {
          await kill();
          return { kind: 'failed', requestId, failure: unfit };
        }
        const deadline = Date.now() + timeoutMs;
        const message: InvokeMessage = { kind: 'invoke', requestId, functionArn, event, deadline };
        return await withTimeout(answerOf(child, message, exited, state), timeoutMs);
      } catch {
        await kill();
        const errorMessage = `${requestId} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
        return {
          kind: 'failed',
          requestId,
          failure: { errorType: 'Sandbox.Timedout', errorMessage },
        };
      } finally {
        state.requestId = undefined;
      }
    },
    kill,
  };
};

const deathOf = (ended: string | undefined): FunctionFailure => ({
  errorType: 'Runtime.ExitError',
  errorMessage: `The instance ended without an answer: ${ended ?? 'unknown'}`,
});

/** The failure that prevents it from serving, if any. */
const firstMessage = (
  child: ChildProcess,
  exited: Promise<void>,
  state: { readonly ended?: string },
): Promise<FunctionFailure | undefined> =>
  new Promise((resolve) => {
    child.once('message', (message: RunnerMessage) =>
      resolve(message.kind === 'unfit' ? message.failure : undefined),
    );
    void exited.then(() => resolve(deathOf(state.ended)));
  });

const answerOf = (
  child: ChildProcess,
  message: InvokeMessage,
  exited: Promise<void>,
  state: { readonly ended?: string },
): Promise<Outcome> =>
  new Promise((resolve) => {
    const { requestId } = message;
    const settle = (outcome: Outcome): void => {
      child.off('message', onMessage);
      resolve(outcome);
    };
    const onMessage = (answer: RunnerMessage): void => {
      if (answer.kind === 'done' && answer.requestId === requestId) {
        settle({ kind: 'ok', requestId, payload: answer.payload });
      }
      if (answer.kind === 'failed' && answer.requestId === requestId) {
        settle({ kind: 'failed', requestId, failure: answer.failure });
      }
    };
    child.on('message', onMessage);
    void exited.then(() => settle({ kind: 'failed', requestId, failure: deathOf(state.ended) }));
    child.send(message, (error) => {
      if (error) settle({ kind: 'failed', requestId, failure: deathOf(error.message) });
    });
  });

const withTimeout = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('time is up')), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

/** Kills the instance and all processes that it started. */
const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
