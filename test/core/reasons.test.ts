import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Code decides by error classes and by the kinds of reasons, never by the words of a sentence: otherwise a corrected sentence would change
 * what the program does. Messages of other programs without a field for the reason are parsed in these files only.
 */
const PARSES_OTHERS_WORDS: Readonly<Record<string, string>> = {
  'adapters/postgres/session/server-messages.ts': 'PostgreSQL, poolers and the driver',
  'adapters/postgres/programs/pg-dump-messages.ts': 'pg_dump',
  'adapters/postgres/programs/pg-restore.ts': 'pg_restore',
  'adapters/postgres/scratch/server/cluster.ts': 'initdb and Node',
  'adapters/postgres/scratch/server/locale.ts': 'initdb',
  'adapters/postgres/scratch/server/last-log-lines.ts': "the server's log",
  'adapters/postgres/restore/marker.ts': 'comments of restores, a stored format',
  'adapters/dynamodb/rebuild.ts': 'DynamoDB',
  'bin/history/stack.ts': 'CloudFormation',
  'bin/failures.ts': 'the AWS SDK',
};

const ROOT = path.join(import.meta.dirname, '../..');
const SOURCES = globSync('{core,functions,adapters,bin,lib}/**/*.ts', { cwd: ROOT });

/** What holds a sentence, by its name. */
const SENTENCE = String.raw`\b(?:message|why|reason|sentence|problem|said|warning)`;
const LOOKS = [
  new RegExp(
    String.raw`${SENTENCE}\)?\??\.(?:startsWith|endsWith|includes|indexOf|match|search)\(`,
  ),
  new RegExp(String.raw`\.(?:test|exec)\([^()]*(?:\([^()]*\)[^()]*)*${SENTENCE}\)`),
  // A kind is one word.
  new RegExp(String.raw`${SENTENCE}\)? [!=]== (['"\x60])[^'"\x60]* [^'"\x60]*\1`),
];
const looksAtWords = (text: string): boolean => LOOKS.some((look) => look.test(text));

const looking = SOURCES.filter((file) => {
  const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n');
  return lines.some((line) => looksAtWords(line));
});

describe('reasons', () => {
  it.each([
    "leftOut.some(({ why }) => why.startsWith('there is no role '))",
    'const isRefresh = /materialized view/.test(error.message);',
    "complaint.message.includes('cannot be internal')",
    "if (error.message === 'Region is missing') return;",
    'FORM.exec(one.why)',
  ])('are found to be decided by their words in: %s', (line) => {
    expect(looksAtWords(line)).toBe(true);
  });

  it('are decided by their words in no file but those that parse other programs', () => {
    expect(SOURCES.length).toBeGreaterThan(300);
    expect(looking.filter((file) => !(file in PARSES_OTHERS_WORDS))).toEqual([]);
  });

  it('of other programs are parsed in files that exist', () => {
    for (const file of Object.keys(PARSES_OTHERS_WORDS)) expect(SOURCES).toContain(file);
  });
});
