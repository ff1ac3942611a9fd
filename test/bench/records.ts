import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Surroundings } from './surroundings.ts';

/** Figures of one section, as they were last measured. */
export interface Recorded {
  readonly surroundings: Surroundings;
  readonly figures: unknown;
}

/** By the name of the section. Sections measured at different times stand beside each other. */
export type Records = Readonly<Record<string, Recorded>>;

const fileIn = (folder: string): string => path.join(folder, 'benchmarks.json');

export const readRecords = (folder: string): Records => {
  const file = fileIn(folder);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
};

/** Puts one section's figures in the place of its earlier ones. */
export const record = (folder: string, name: string, recorded: Recorded): void => {
  const records = { ...readRecords(folder), [name]: recorded };
  writeFileSync(fileIn(folder), `${JSON.stringify(records, null, 1)}\n`);
};

/** Another section's figures, where they were measured: the caller knows their form. */
export const figuresOf = <Figures>(records: Records, name: string): Figures | undefined =>
  records[name]?.figures as Figures | undefined;
