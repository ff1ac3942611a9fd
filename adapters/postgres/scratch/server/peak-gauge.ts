/** Keeps the maximum of a repeated measurement. */
export interface Gauge {
  /** Measures once more, unless stopped, and returns the maximum. */
  most(): Promise<number>;
  stop(): void;
}

const BETWEEN_MS = 1_000;
/** Reading ten thousand files takes time itself: at most this share of all time. */
const SHARE = 0.02;

export const startGauge = (measure: () => Promise<number>): Gauge => {
  let most = 0;
  let stopped = false;
  const look = async (): Promise<number> => {
    if (!stopped) most = Math.max(most, await measure());
    return most;
  };
  let timer: NodeJS.Timeout | undefined;
  const again = async (): Promise<void> => {
    const began = performance.now();
    await look();
    const took = performance.now() - began;
    if (stopped) return;
    timer = setTimeout(() => void again(), Math.max(BETWEEN_MS, took / SHARE)).unref();
  };
  void again();
  return {
    most: look,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};
