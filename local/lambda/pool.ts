import type { Writable } from 'node:stream';
import { type Instance, startInstance } from './instance.ts';
import type { Outcome } from './protocol.ts';

/** The instances of one function: reused while idle, started on demand, ended after some time without work. */
export interface Pool {
  readonly name: string;
  invoke(event: unknown): Promise<Outcome>;
  /** Processes that handle an event now. */
  busy(): readonly { readonly pid: number; readonly requestId: string }[];
  /** Accepts no more events, gives running ones this long to end, then kills. */
  stop(graceMs: number): Promise<void>;
}

export interface PoolOptions {
  readonly name: string;
  readonly arn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Reserved concurrency: the most instances at once. */
  readonly atMost?: number;
  /** The most processes at once: further events wait in a queue. Absent: no limit, as on AWS. */
  readonly processes?: number;
  readonly log: Writable;
}

const IDLE_MS = 120_000;
/** Events that wait for a process. */
const MOST_WAITING = 1_000;
const CHECK_MS = 50;

export const makePool = (options: PoolOptions): Pool => {
  const working = new Set<Instance>();
  const idle = new Map<Instance, NodeJS.Timeout>();
  let stopped = false;
  const line: (() => void)[] = [];
  let entered = 0;

  /** Resolves when a process is free for it. */
  const enter = async (): Promise<void> => {
    if (entered >= (options.processes ?? Number.POSITIVE_INFINITY))
      await new Promise<void>((resolve) => line.push(resolve));
    else entered += 1;
  };
  /** The first event in the queue gets the place. */
  const leave = (): void => {
    const next = line.shift();
    if (next) next();
    else entered -= 1;
  };

  const retire = (instance: Instance): void => {
    const timer = idle.get(instance);
    clearTimeout(timer);
    idle.delete(instance);
    void instance.kill();
  };
  const take = (): Instance => {
    for (const [instance, timer] of idle) {
      clearTimeout(timer);
      idle.delete(instance);
      if (instance.alive) return instance;
    }
    return startInstance(options);
  };

  const run = async (event: unknown): Promise<Outcome> => {
    const instance = take();
    working.add(instance);
    const outcome = await instance.invoke(event, options.arn, options.timeoutSeconds * 1000);
    working.delete(instance);
    if (!instance.alive) return outcome;
    if (stopped) await instance.kill();
    else
      idle.set(
        instance,
        setTimeout(() => retire(instance), IDLE_MS),
      );
    return outcome;
  };

  return {
    name: options.name,
    invoke: async (event) => {
      const reserved = options.atMost ?? Number.POSITIVE_INFINITY;
      if (
        stopped ||
        entered + line.length >=
          Math.min(reserved, (options.processes ?? Number.POSITIVE_INFINITY) + MOST_WAITING)
      ) {
        return { kind: 'throttled' };
      }
      await enter();
      try {
        return stopped ? { kind: 'throttled' } : await run(event);
      } finally {
        leave();
      }
    },
    busy: () =>
      [...working].flatMap(({ pid, requestId }) => (requestId ? [{ pid, requestId }] : [])),
    stop: async (graceMs) => {
      stopped = true;
      const until = Date.now() + graceMs;
      while (working.size > 0 && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
      }
      for (const timer of idle.values()) clearTimeout(timer);
      await Promise.all([...working, ...idle.keys()].map((instance) => instance.kill()));
      idle.clear();
    },
  };
};
