import { setTimeout as sleep } from 'node:timers/promises';
import cliProgress from 'cli-progress';
import type { Session } from './command.ts';
import { CommandFailed, EXIT } from './exit.ts';
import { countText, durationText } from './words.ts';

/** The progress, out of 100 if that is known. */
export interface Step {
  readonly text: string;
  /** From 0 to 1. */
  readonly share?: number;
}

/** `  2 min 10 s left`, or nothing. */
export const leftText = ({ secondsLeft }: { readonly secondsLeft?: number | undefined }): string =>
  secondsLeft === undefined ? '' : `  ${durationText(secondsLeft * 1000)} left`;

/** What a waiting request waits for. */
export const waitText = (
  queue: { readonly ahead: number; readonly more: boolean } | undefined,
): string =>
  queue?.ahead ? `waits, ${countText(queue.ahead)}${queue.more ? '+' : ''} before it` : 'waits';

export interface FollowOptions<T> {
  /** @param wait seconds after which the API answers even if nothing has changed; absent: at once */
  readonly read: (wait?: string) => Promise<T>;
  readonly isFinal: (one: T) => boolean;
  readonly stepOf: (one: T) => Step;
  /** The work that is waited for, for the timeout message. */
  readonly what: string;
  /** Seconds; absent: no limit. */
  readonly timeoutSeconds?: number;
}

/** The API holds an answer back until something changes, for so many seconds at most. */
const WAIT_SECONDS = 25;
/** No two requests are closer, however often something changes. */
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

/** Follows work until it is final, with a progress bar on a terminal. @throws CommandFailed with status 5 on a timeout */
export const follow = async <T>(session: Session, options: FollowOptions<T>): Promise<T> => {
  const { signal } = session;
  const { read, isFinal, stepOf, what, timeoutSeconds } = options;
  const until = timeoutSeconds === undefined ? Infinity : performance.now() + timeoutSeconds * 1000;
  const bar = makeBar(session);
  try {
    for (let wait: string | undefined; ; ) {
      const one = await read(wait);
      if (isFinal(one)) return one;
      bar.show(stepOf(one));
      if (performance.now() + EVERY_MS > until)
        throw new CommandFailed(
          `${what} has not ended after ${timeoutSeconds} s. It continues; check it later.`,
          EXIT.timedOut,
        );
      await sleep(EVERY_MS, undefined, { signal });
      const left = Math.floor((until - performance.now()) / 1000);
      wait = left < 1 ? undefined : String(Math.min(WAIT_SECONDS, left));
    }
  } finally {
    bar.stop();
  }
};
