import Table from 'cli-table3';
import { printableJson } from '../../core/printable.ts';
import { textOf } from './words.ts';

/** Standard output has the result; with `--json`, exactly one document. Everything else goes to standard error. */
export interface Output {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** Standard error is a terminal, so progress may be drawn. */
  readonly isTerminal: boolean;
  readonly columns: number;
  result(text: string): void;
  json(value: unknown): void;
  /** A line for people; suppressed by `--quiet`. */
  note(line: string): void;
}

export const makeOutput = (options: {
  readonly json?: boolean;
  readonly quiet?: boolean;
}): Output => {
  const isQuiet = options.quiet === true;
  return {
    isJson: options.json === true,
    isQuiet,
    isTerminal: process.stderr.isTTY === true && !isQuiet,
    columns: process.stdout.columns || 80,
    result: (text) => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    json: (value) => void process.stdout.write(`${printableJson(value, 2)}\n`),
    note: (line) => {
      if (!isQuiet) process.stderr.write(`${line}\n`);
    },
  };
};

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** A table without borders; its cells contain no hidden characters. */
export const tableText = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string => {
  const table = new Table({
    head: columns.map(({ title }) => title.toUpperCase()),
    colAligns: columns.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    chars: BARE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => row.map(textOf)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
};

/** Pairs of a name and a value, one a line; pairs without a value are left out. */
export const factsText = (facts: readonly (readonly [string, string | undefined])[]): string => {
  const shown = facts.filter((one): one is [string, string] => one[1] !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}`).join('\n');
};

/** A heading with lines below it; nothing if there are no lines. */
export const listText = (title: string, lines: readonly string[]): string[] =>
  lines.length ? ['', `${title}:`, ...lines.map((line) => `  ${textOf(line)}`)] : [];
