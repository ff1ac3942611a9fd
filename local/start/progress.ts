import { printable, printableLines } from '../../core/printable.ts';
import type { ShownBackup, ShownRun } from './api-client.ts';
import { bytesText, countText } from './words.ts';

/**
 * Progress on standard error: permanent lines and, on a terminal, lines below them that are overwritten while
 * exports run. Without a terminal, one line for the start of each export.
 */
export interface Progress {
  line(text: string): void;
  running(backups: readonly ShownBackup[], run: ShownRun | undefined): void;
  /** Removes the overwritten lines. */
  settle(): void;
}

/** The part of standard error that this code needs. */
interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export const makeProgress = (out: Out): Progress => {
  let live: readonly string[] = [];
  const announced = new Set<string>();
  const erase = (): void => {
    if (live.length > 0) out.write(`\x1b[${live.length}A\x1b[J`);
    live = [];
  };
  const draw = (lines: readonly string[]): void => {
    erase();
    const width = Math.max(20, (out.columns || 80) - 1);
    live = lines.map((line) => Array.from(line).slice(0, width).join(''));
    if (live.length > 0) out.write(`${live.join('\n')}\n`);
  };
  return {
    line: (text) => {
      const kept = live;
      erase();
      out.write(`${printableLines(text)}\n`);
      draw(kept);
    },
    running: (backups, run) => {
      if (out.isTTY) {
        draw([...backups.map(exportLine), ...waitingLine(run)]);
        return;
      }
      for (const backup of backups) {
        const key = `${backup.id} ${backup.attempt}`;
        if (announced.has(key)) continue;
        announced.add(key);
        out.write(`  exporting ${printable(backup.projectId)}${again(backup)}\n`);
      }
    },
    settle: erase,
  };
};

const again = ({ attempt = 1 }: ShownBackup): string => (attempt > 1 ? `, attempt ${attempt}` : '');

const exportLine = (backup: ShownBackup): string => {
  const name = `  ${printable(backup.projectId)}${again(backup)}`;
  const { progress } = backup;
  if (!progress) return `${name}: begins`;
  const rate = `${bytesText(progress.bytesPerSecond)}/s`;
  return `${name}: ${progress.tablesDone} of ${progress.tablesTotal} tables, ${bytesText(progress.bytes)}, ${rate}`;
};

const waitingLine = (run: ShownRun | undefined): string[] => {
  const waiting = run?.counts?.pending ?? 0;
  return waiting > 0 ? [`  ${countText(waiting)} waiting`] : [];
};
