/**
 * Ctrl-C and similar signals: the first requests an orderly end, the second ends this process at once. Then the
 * functions' processes end with their channel, and the guard cleans up the rest.
 */
export interface Stop {
  readonly signal: AbortSignal;
  /** Resolves when an end is requested. */
  readonly asked: Promise<void>;
  release(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export const watchSignals = (): Stop => {
  const controller = new AbortController();
  let tell: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    tell();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    asked,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
};
