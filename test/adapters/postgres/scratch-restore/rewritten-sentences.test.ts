import { describe, expect, it, vi } from 'vitest';
import { refusal } from '../../../../adapters/postgres/replay/statement-errors.ts';
import { blame } from '../../../../adapters/postgres/scratch/restore/failure-cause.ts';
import { isRetryable } from '../../../../core/errors/base.ts';
import { StatementRefused } from '../../../../core/errors/restore.ts';
import { resultOf } from '../../../../functions/verify/verdict.ts';
import { pendingBackup } from '../../../support/backups.ts';
import { manifestOf } from '../../../support/manifests.ts';
import type { Postgres } from '../../../support/postgres.ts';
import { isRewritten, withBoth } from '../../../support/rewritten-sentences.ts';
import { type LoadWishes, newDatabase, restore, takeBackup } from '../support/restoring.ts';
import { type Complaint, NO_FAULT, OF_THE_BACKUP, OF_THE_SERVER } from './failure-cases.ts';
import { sharedHome } from './shared-home.ts';
import type { Rehearsals, Stored } from './support.ts';

/** Verdicts of restores and of verifications are the same if every sentence of ours is replaced by another. */
const { rewriting, rewritingErrors } = await vi.hoisted(
  async () => await import('../../../support/rewritten-sentences.ts'),
);
vi.mock('../../../../core/errors/base.ts', rewritingErrors);
vi.mock('../../../../core/statement-sentence.ts', rewriting);
vi.mock('../../../../core/ownership-sentence.ts', rewriting);
vi.mock('../../../../adapters/postgres/scratch/restore/excuse-sentence.ts', rewriting);
vi.mock('../../../../adapters/postgres/replay/access/access-obstacle.ts', rewriting);

let scratchRestores: Rehearsals;
let postgres: Postgres;
const { backupOf } = sharedHome((home) => {
  ({ scratchRestores, postgres } = home);
});

/** The parts of an error that a program may act on. */
const decided = (error: unknown) => {
  const { name } = error instanceof Error ? error : { name: undefined };
  return {
    name,
    retryable: isRetryable(error),
    conflict: error instanceof StatementRefused ? error.conflict : undefined,
    verdict: resultOf(error).verdict,
  };
};

const verdictOf = async (one: Pick<Stored, 'manifest' | 'bytes'>) => {
  try {
    const found = await scratchRestores.rehearseQuickly(one, 'rows');
    return {
      differences: found.differences,
      checked: found.checked,
      notChecked: found.notChecked.length,
      unfinished: (found.unfinished ?? []).map(({ kind, state }) => `${kind} ${state}`),
    };
  } catch (error) {
    return { error: decided(error) };
  }
};

const changed = (one: Stored, before: string | RegExp, after: string): Stored => {
  const text = one.bytes.toString();
  const bytes = Buffer.from(text.replace(before, after));
  expect(bytes.equals(one.bytes)).toBe(false);
  return { ...one, bytes };
};

describe('with other sentences', () => {
  it("the cause of a server's error is the same", async () => {
    const manifest = manifestOf(pendingBackup(), {
      object: { key: '', bytes: 1, sha256: '' },
      functions: [{ schema: 'acme', name: 'known(text)' }],
    });
    const given = {
      manifest,
      pretended: [],
      emptied: false,
      missing: [],
      localeNotes: [],
      serverMajor: 18,
    };
    const blamed = ([code, message, where]: Complaint) =>
      blame(
        refusal(Object.assign(new Error(message), { code, where }), { object: 'table "acme.t"' }),
        given,
      );
    for (const complaint of [...OF_THE_SERVER, ...NO_FAULT, ...OF_THE_BACKUP]) {
      const [usual, other] = await withBoth(() => blamed(complaint));
      expect(other instanceof Error && isRewritten(other.message)).toBe(true);
      expect(decided(other)).toEqual(decided(usual));
    }
  });

  it.each([
    [
      'owners that the manifest does not name',
      `CREATE SCHEMA lent; CREATE TABLE lent.a (id int); GRANT SELECT ON lent.a TO reporter`,
      (one: Stored) => changed(one, 'lent.a TO reporter;', 'lent.a TO somebody;'),
      { differences: ['table lent.a has another owner or other grants than at the source'] },
    ],
    [
      'grants of a membership that no backup holds',
      `CREATE SCHEMA members; CREATE TABLE members.a (id int); ALTER TABLE members.a OWNER TO boss;
      GRANT USAGE, CREATE ON SCHEMA members TO boss, reporter;
      CREATE MATERIALIZED VIEW members.m AS SELECT * FROM members.a; ALTER MATERIALIZED VIEW members.m OWNER TO reporter`,
      undefined,
      { differences: [] },
    ],
    [
      'a function that names nothing by its schema',
      `CREATE SCHEMA careless; SET search_path = careless; CREATE TABLE words (word text PRIMARY KEY);
      CREATE FUNCTION known(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM words WHERE word = $1); END';
      CREATE TABLE texts (word text CHECK (known(word))); INSERT INTO words VALUES ('a'); INSERT INTO texts VALUES ('a')`,
      undefined,
      { differences: [], unfinished: ['check not-valid'] },
    ],
    [
      'a value that names what nothing stands in for',
      `CREATE SCHEMA refs; CREATE TABLE refs.a (o regoperator); INSERT INTO refs.a VALUES ('public.===(int, int)')`,
      undefined,
      { error: { name: 'RehearsalImpossible', verdict: 'could-not-run' } },
    ],
    [
      'a materialized view over tables that are empty here',
      `CREATE SCHEMA emptied; CREATE TABLE emptied.a (n int); INSERT INTO emptied.a VALUES (1); CREATE MATERIALIZED VIEW emptied.m AS
      SELECT n / (SELECT count(*) FROM control_plane.projects) AS n FROM emptied.a`,
      undefined,
      { differences: [], unfinished: [] },
    ],
    [
      'a damaged statement',
      'CREATE SCHEMA damaged; CREATE TABLE damaged.a (id int); CREATE VIEW damaged.v AS SELECT id FROM damaged.a',
      (one: Stored) => changed(one, /SELECT\s+id/, 'SELECT nothing'),
      { error: { name: 'StatementRefused', verdict: 'failed' } },
    ],
  ])('the verdict on %s is the same', async (_, sql, change, expected) => {
    const [, schema = ''] = /CREATE SCHEMA (\w+)/.exec(sql) ?? [];
    const one = await backupOf(sql, [schema], { format: 'plain', compression: 'none' });
    const [usual, other] = await withBoth(() => verdictOf(change ? change(one) : one));
    expect(usual).toMatchObject(expected);
    expect(other).toEqual(usual);
  });

  it('a restore ends the same', async () => {
    const database = await newDatabase(
      postgres,
      `CREATE SCHEMA acme; CREATE TABLE acme.a (id int PRIMARY KEY); CREATE TABLE acme.b (a int REFERENCES acme.a);
      CREATE TABLE acme.c (n int, v boolean); ALTER TABLE acme.c ADD CONSTRAINT past CHECK (n < 10) NOT VALID; GRANT SELECT ON acme.a TO pg_monitor`,
    );
    await postgres.sql(
      `SET session_replication_role = replica; INSERT INTO acme.b VALUES (7);
      ALTER TABLE acme.c DROP CONSTRAINT past; INSERT INTO acme.c VALUES (20); ALTER TABLE acme.c ADD CONSTRAINT past CHECK (n < 10) NOT VALID;
      UPDATE pg_constraint SET convalidated = true WHERE conname = 'past'`,
      database,
    );
    const stored = await takeBackup(postgres, database, ['acme'], { user: 'postgres' });
    const attempts: readonly [LoadWishes, object][] = [
      [{}, { name: 'StatementRefused', conflict: { loosen: 'checks' } }],
      [{ onConflict: 'report' }, { name: 'StatementRefused', conflict: { loosen: 'checks' } }],
      [{ onConflict: 'report', loosen: 'checks' }, { unfinished: ['foreign-key', 'check'] }],
      [
        { mode: 'swap', missingRoles: ['pg_monitor'], onConflict: 'report', loosen: 'checks' },
        { name: 'RestoreRefused' },
      ],
    ];
    for (const [wishes, expected] of attempts) {
      const attempt = () =>
        restore({ postgres, database }, stored, wishes).then(
          ({ unfinished = [] }) => ({ unfinished: unfinished.map(({ kind }) => kind) }),
          decided,
        );
      const [usual, other] = await withBoth(async () => {
        const found = await attempt();
        await postgres.sql('DROP SCHEMA IF EXISTS acme_restored CASCADE', database);
        return found;
      });
      expect(usual).toMatchObject(expected);
      expect(other).toEqual(usual);
    }
  });
});
