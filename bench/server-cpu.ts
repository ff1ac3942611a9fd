import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Postgres } from '../test/support/postgres.ts';

/**
 * CPU of a server, seconds so far: of the postmaster, of its children that are there, and of those that have ended, which the kernel adds to
 * the postmaster's.
 */
export interface ServerCpu {
  read(): number;
}

/** Clock ticks of proc(5) in a second. */
const TICKS = 100;

/** User and system time of a process, and of its children that have ended: fields 14 to 17 of proc(5). */
const ticksOf = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  } catch {
    // It has ended since it was listed.
    return 0;
  }
};

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

export const serverCpuOf = async (postgres: Postgres): Promise<ServerCpu> => {
  const { rows } = await postgres.sql('SHOW data_directory');
  const file = path.join(String(rows[0].data_directory), 'postmaster.pid');
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return {
    read: () => [pid, ...childrenOf(pid)].reduce((sum, one) => sum + ticksOf(one), 0) / TICKS,
  };
};
