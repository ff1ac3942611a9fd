import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from './machine.ts';

/** Figures of one section, as they were last measured. */
export interface Recorded {
  readonly machine: Machine;
  /** The section's version when it measured them; 1 if it is missing. */
  readonly form?: number | undefined;
  readonly figures: unknown;
}

/** By the name of the section. Sections measured at different times are kept side by side. */
export type Records = Readonly<Record<string, Recorded>>;

const fileIn = (folder: string): string => path.join(folder, 'benchmarks.json');

/** Sections measured earlier have their machine under another name. */
type Stored = Recorded | (Omit<Recorded, 'machine'> & { readonly surroundings: Machine });

export const readRecords = (folder: string): Records => {
  const file = fileIn(folder);
  const stored: Readonly<Record<string, Stored>> = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : {};
  return Object.fromEntries(
    Object.entries(stored).map(([name, one]) => {
      if ('machine' in one) return [name, one];
      const { surroundings: machine, ...rest } = one;
      return [name, { machine, ...rest }];
    }),
  );
};

/** Replaces one section's earlier figures; returns all figures. */
export const record = (folder: string, name: string, recorded: Recorded): Records => {
  const records = { ...readRecords(folder), [name]: recorded };
  const written = `${fileIn(folder)}.new`;
  writeFileSync(written, `${JSON.stringify(records, null, 1)}\n`);
  renameSync(written, fileIn(folder));
  return records;
};

/** Another section's figures, if they were measured: the caller knows their form. */
export const figuresOf = <Figures>(records: Records, name: string): Figures | undefined =>
  records[name]?.figures as Figures | undefined;
