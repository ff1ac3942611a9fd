/** One line that is overwritten, on a terminal only. */
export interface Progress {
  show(text: string): void;
  /** Removes the line. */
  settle(): void;
}

const EVERY_MS = 100;

export const makeProgress = (out: NodeJS.WriteStream, clock: () => number): Progress => {
  let last = Number.NEGATIVE_INFINITY;
  let isShown = false;
  return {
    show: (text) => {
      if (!out.isTTY || clock() - last < EVERY_MS) return;
      last = clock();
      isShown = true;
      out.write(`\r\x1b[K${text.slice(0, Math.max(20, (out.columns || 80) - 1))}`);
    },
    settle: () => {
      if (isShown) out.write('\r\x1b[K');
      isShown = false;
    },
  };
};
