import { setTimeout as sleep } from 'node:timers/promises';
import cliProgress from 'cli-progress';
import type { Session } from './command.ts';
import { CommandFailed, EXIT } from './exit.ts';

/** The progress, out of 100 if that is known. */
export interface Step {
  readonly text: string;
  /** From 0 to 1. */
  readonly share?: number;
}

export interface FollowOptions<T> {
  readonly read: () => Promise<T>;
  readonly isFinal: (one: T) => boolean;
  readonly stepOf: (one: T) => Step;
  /** The work that is waited for, for the timeout message. */
  readonly what: string;
  /** Seconds; absent: no limit. */
  readonly timeoutSeconds?: number;
}

const EVERY_MS = 1000;

const makeBar = ({ output }: Session) => {
  if (!output.isTerminal) return { show: () => undefined, stop: () => undefined };
  const bar = new cliProgress.SingleBar(
    {
      format: '{bar} {percentage}%  {text}',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
      linewrap: false,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(100, 0, { text: '' });
  return {
    show: ({ text, share = 0 }: Step) => bar.update(Math.round(share * 100), { text }),
    stop: () => bar.stop(),
  };
};

/** Polls until the work is final, with a progress bar on a terminal. @throws CommandFailed with status 5 on a timeout */
export const follow = async <T>(session: Session, options: FollowOptions<T>): Promise<T> => {
  const { signal } = session;
  const { read, isFinal, stepOf, what, timeoutSeconds } = options;
  const until = timeoutSeconds === undefined ? Infinity : performance.now() + timeoutSeconds * 1000;
  const bar = makeBar(session);
  try {
    for (;;) {
      const one = await read();
      if (isFinal(one)) return one;
      bar.show(stepOf(one));
      if (performance.now() + EVERY_MS > until)
        throw new CommandFailed(
          `${what} has not ended after ${timeoutSeconds} s. It continues; check it later.`,
          EXIT.timedOut,
        );
      await sleep(EVERY_MS, undefined, { signal });
    }
  } finally {
    bar.stop();
  }
};
