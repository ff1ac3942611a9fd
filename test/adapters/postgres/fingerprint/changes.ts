import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One change of definitions, committed by itself. */
export interface Change {
  readonly name: string;
  readonly sql: string;
}

const FILE = path.join(import.meta.dirname, '../../../fixtures/definition-changes.sql');
const SET_UP = 'set-up';
const SINCE = / \(from (\d+) on\)$/;

/** The changes of test/fixtures/definition-changes.sql that a major knows, and what must be there before them. */
export const readChanges = (
  major: number,
  database: string,
): { readonly setUp: string; readonly changes: readonly Change[] } => {
  const [, ...parts] = readFileSync(FILE, 'utf8').replaceAll(':database', database).split(/^--- /m);
  const all = parts.map((part) => {
    const [title = '', ...sql] = part.split('\n');
    const since = Number(SINCE.exec(title)?.[1] ?? 0);
    return { name: title.replace(SINCE, ''), sql: sql.join('\n'), since };
  });
  return {
    setUp: all.find(({ name }) => name === SET_UP)?.sql ?? '',
    changes: all.filter(({ name, since }) => name !== SET_UP && since <= major),
  };
};
