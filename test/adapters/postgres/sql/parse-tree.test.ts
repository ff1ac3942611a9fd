import { readFileSync } from 'node:fs';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readStatementKind } from '../../../../adapters/postgres/sql/kinds/read-statement-kind.ts';
import { HOSTILE } from '../support/hostile.ts';
import { readAll } from '../support/reading.ts';
import { SMUGGLED } from '../support/smuggled.ts';
import { parsed, type Told, toldBy } from './parse-tree.ts';
import { KINDS_OF, OTHERS } from './statements.ts';

/**
 * What a restore derives from a statement's words, without a server. PostgreSQL's own parser must agree: where a
 * statement ends, what kind it is, and the names in it that decide whether it is sent.
 */
interface Read {
  readonly text: string;
  readonly ours: Told;
  /** One statement, or what else the parser made of the text. */
  readonly tree: readonly Told[] | string;
}

const readBoth = async (sql: string | Buffer): Promise<Read[]> => {
  const pieces = await readAll(sql);
  return await Promise.all(
    pieces.map(async ({ text: exact, words }) => {
      const text = Buffer.from(exact, 'latin1').toString('utf8');
      const tree = await parsed(text).catch((error: Error) => error.message);
      return { text, ours: toldBy(readStatementKind(words)), tree };
    }),
  );
};

const differing = (read: readonly Read[]): readonly Read[] =>
  read.filter(({ ours, tree }) => JSON.stringify(tree) !== JSON.stringify([ours]));

describe('the parse tree of a statement and its kind agree', () => {
  it.each([
    [15, 3000],
    [18, 3000],
  ])("over pg_dump's dump of the regression database of PostgreSQL %i", async (major, most) => {
    const file = `../../../fixtures/regression/postgresql-${major}.sql.zst`;
    const dump = zstdDecompressSync(readFileSync(path.join(import.meta.dirname, file)));
    const read = await readBoth(dump);
    expect(read.length).toBeGreaterThan(most);
    expect(differing(read)).toEqual([]);
  });

  // A statement that pg_dump does not write may be of an unknown kind: then it is refused.
  it.each([
    ['SQL that was put into a dump', SMUGGLED.map(([, sql]) => sql)],
    ['statements with hostile names', [HOSTILE]],
    ['what looks like something that may be left out', OTHERS.map((sql) => `${sql};\n`)],
    ['statements of each kind', KINDS_OF.map(([sql]) => `${sql};\n`)],
  ])('over %s, if its kind is known', async (_, texts) => {
    let known = 0;
    for (const sql of texts) {
      const read = await readBoth(sql).catch((error: Error) => {
        // The splitter refuses encodings in which it could not find the end of a string.
        expect(error.name).toBe('DumpUnreadable');
        return [];
      });
      // PostgreSQL does not run what it can't parse, and it creates an extension for a language.
      const ofKnown = read.filter(
        ({ text, ours, tree }) =>
          ours.kind !== 'other' && typeof tree !== 'string' && !text.startsWith('CREATE LANGUAGE'),
      );
      known += ofKnown.length;
      expect(differing(ofKnown)).toEqual([]);
    }
    expect(known).toBeGreaterThan(0);
  });
});
