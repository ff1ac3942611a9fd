import type pg from 'pg';
import type { Postgres } from '../../../support/postgres.ts';

/**
 * An application that keeps reading and writing. It waits for no statement longer than a second: the server then cancels it, and
 * that is a failure. Acknowledged writes are counted, so that they can be looked for afterwards.
 */
export interface Traffic {
  /** Stops, and returns what it did. */
  stop(): Promise<TrafficCount>;
  /** Statements that succeeded so far. */
  readonly done: number;
}
export interface TrafficCount {
  readonly done: number;
  /** Numbers of the writes that the server acknowledged. */
  readonly acknowledged: readonly number[];
  readonly failures: readonly string[];
}

/** @param work does something with a number of its own, and returns true if it was a write */
export type Work = (client: pg.Client, number: number) => Promise<boolean>;

export const startTraffic = async (
  postgres: Postgres,
  database: string,
  works: readonly Work[],
): Promise<Traffic> => {
  let isOver = false;
  let done = 0;
  const acknowledged: number[] = [];
  const failures: string[] = [];
  const loops = works.map(async (work, index) => {
    const client = await postgres.session(database);
    await client.query(`SET statement_timeout = 1000; SET application_name = 'application'`);
    for (let n = 0; !isOver; n += 1) {
      const number = index * 10_000_000 + n;
      try {
        if (await work(client, number)) acknowledged.push(number);
        done += 1;
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    await client.end();
  });
  return {
    get done() {
      return done;
    },
    stop: async () => {
      isOver = true;
      await Promise.all(loops);
      return { done, acknowledged, failures };
    },
  };
};

/** Until so many more statements have succeeded, because traffic that has not begun shows nothing. */
export const flowing = async (traffic: Traffic, more = 50): Promise<void> => {
  const until = traffic.done + more;
  while (traffic.done < until) await new Promise((resolve) => setTimeout(resolve, 5));
};
