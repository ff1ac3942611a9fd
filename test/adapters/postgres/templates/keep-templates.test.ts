import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Template } from '../../../../adapters/postgres/engine/template.ts';
import { dumpVersionFor } from '../../../../adapters/postgres/programs/pg-dump.ts';
import type { KeepOptions } from '../../../../adapters/postgres/templates/keep-templates.ts';
import {
  contentsTexts,
  firstDifference,
} from '../../../../adapters/postgres/templates/same-contents.ts';
import {
  decodeEntry,
  encodeEntry,
  type KeptEntry,
} from '../../../../adapters/postgres/templates/template-entry.ts';
import { makeTemplateMemory } from '../../../../adapters/postgres/templates/template-memory.ts';
import { PASSWORD, type Postgres, startPostgres } from '../../../support/postgres.ts';
import { dumpAs, restored } from '../engine/snapshots.ts';
import { programsOf } from '../support/dumps.ts';
import { memoryStore, startWorker } from './keeping.ts';

/** A kept template is what pg_dump would write now; whatever is doubtful is made anew, and no export fails for it. */
const DAY_MS = 86_400_000;
let postgres: Postgres;
let database: string;
let schemas = 0;
beforeAll(async () => {
  postgres = await startPostgres(18);
  database = await postgres.database();
  await postgres.sql(
    "CREATE SCHEMA elsewhere; CREATE TYPE elsewhere.tone AS ENUM ('low', 'high')",
    database,
  );
});
afterAll(() => postgres.stop());

const newSchema = async (more = ''): Promise<string> => {
  schemas += 1;
  const schema = `acme_${schemas}`;
  await postgres.sql(
    `CREATE SCHEMA ${schema}; SET search_path = ${schema};
    CREATE TABLE notes (id serial PRIMARY KEY, tone elsewhere.tone DEFAULT 'high', body text); ${more}`,
    database,
  );
  return schema;
};

/** Someone changes definitions. */
const change = (sql: string) => () => postgres.sql(sql, database);

describe('a template', () => {
  it('is kept for the next export, in the same process and in others, whatever happens to rows and neighbors', async () => {
    const schema = await newSchema();
    const { store, entries } = memoryStore();
    const first = await startWorker(postgres, database, { store });
    const made = await first.template(schema);
    await postgres.sql(
      `INSERT INTO ${schema}.notes (body) SELECT 'x' FROM generate_series(1, 1000); ANALYZE;
      CREATE SCHEMA beside_${schema}; CREATE TABLE beside_${schema}.notes (tone elsewhere.tone); GRANT USAGE ON TYPE elsewhere.tone TO PUBLIC`,
      database,
    );
    await postgres.sql(`VACUUM ${schema}.notes`, database);
    const again = await first.template(schema);
    const elsewhere = await (await startWorker(postgres, database, { store })).template(schema);
    expect([made, again, elsewhere].map(({ isFresh }) => isFresh)).toEqual([true, false, false]);
    for (const { template } of [again, elsewhere]) {
      expect(contentsTexts(template.contents)).toEqual(contentsTexts(made.template.contents));
      expect(template.arguments).toEqual(made.template.arguments);
    }
    expect(entries.size).toBe(1);
  });

  it.each([
    ['the schema', (s: string) => `ALTER TABLE ${s}.notes ADD COLUMN more int`],
    [
      'what it refers to',
      () =>
        "ALTER TYPE elsewhere.tone RENAME VALUE 'high' TO 'highest'; ALTER TYPE elsewhere.tone RENAME VALUE 'highest' TO 'high'; ALTER TYPE elsewhere.tone RENAME TO tune; ALTER TYPE elsewhere.tune RENAME TO tone; ALTER TYPE elsewhere.tone ADD VALUE IF NOT EXISTS 'higher'",
    ],
    ['the database', () => `COMMENT ON DATABASE ${database} IS 'changed'`],
  ])('is made anew after a change of %s', async (_, sql) => {
    const schema = await newSchema();
    const worker = await startWorker(postgres, database, memoryStore());
    await worker.template(schema);
    await postgres.sql(sql(schema), database);
    const { isFresh } = await worker.template(schema);
    expect([isFresh, (await worker.template(schema)).isFresh]).toEqual([true, false]);
  });

  it('is not kept if definitions were changed while pg_dump ran', async () => {
    const schema = await newSchema();
    const worker = await startWorker(postgres, database, memoryStore());
    worker.meanwhile = change(`COMMENT ON TABLE ${schema}.notes IS 'meanwhile'`);
    await worker.template(schema);
    expect((await worker.template(schema)).isFresh).toBe(true);
    expect((await worker.template(schema)).isFresh).toBe(false);
  });

  it('is not kept if the database was changed while pg_dump ran', async () => {
    const schema = await newSchema();
    const { store, entries } = memoryStore();
    const worker = await startWorker(postgres, database, { store });
    worker.meanwhile = change(`ALTER DATABASE ${database} SET lc_monetary = 'C'`);
    await worker.template(schema);
    expect(entries.size).toBe(0);
  });

  it.each([
    [
      'a parent in another schema',
      'CREATE TABLE elsewhere.parent_1 (a int DEFAULT 1); CREATE TABLE heir () INHERITS (elsewhere.parent_1);',
    ],
    [
      'a partitioned table in another schema',
      'CREATE TABLE elsewhere.parent_2 (a int) PARTITION BY LIST (a); CREATE TABLE part PARTITION OF elsewhere.parent_2 DEFAULT;',
    ],
    [
      'a partition in another schema',
      'CREATE TABLE root (a int) PARTITION BY LIST (a); CREATE TABLE elsewhere.part_3 PARTITION OF root DEFAULT;',
    ],
    [
      'a name within a value',
      "CREATE TABLE elsewhere.named (); CREATE TABLE naming (t regclass[] DEFAULT '{elsewhere.named}');",
    ],
    [
      'a name within a row',
      "CREATE TYPE pair AS (t regclass, n int); CREATE VIEW naming AS SELECT '(elsewhere.tone,1)'::pair IS NULL AS v WHERE false;".replace(
        "'(elsewhere.tone,1)'",
        "'(pg_class,1)'",
      ),
    ],
    [
      'a grant as a value',
      "CREATE VIEW granting AS SELECT '{postgres=arwd/postgres}'::aclitem[] AS acl;",
    ],
  ])('is never kept with %s', async (_, sql) => {
    const schema = await newSchema(sql);
    const { store, entries } = memoryStore();
    const worker = await startWorker(postgres, database, { store });
    await worker.template(schema);
    expect((await worker.template(schema)).isFresh).toBe(true);
    expect(entries.size).toBe(0);
  });

  it('ends after a week at the latest, and after four days at the earliest', async () => {
    const schema = await newSchema();
    const worker = await startWorker(postgres, database, memoryStore());
    await worker.template(schema);
    worker.now += 4 * DAY_MS - 1;
    expect((await worker.template(schema)).isFresh).toBe(false);
    worker.now += 3 * DAY_MS + 1;
    expect((await worker.template(schema)).isFresh).toBe(true);
  });
});

describe('an archive by a kept template', () => {
  it('is for pg_restore what pg_dump writes now, with the present rows and values', async () => {
    const schema = await newSchema('CREATE VIEW bodies AS SELECT body FROM notes;');
    const { pgDump, pgRestore } = await programsOf(18);
    const { store, entries } = memoryStore();
    const keeping: KeepOptions = {
      ...{ store, memory: makeTemplateMemory(1_000_000), clock: Date.now, chance: () => 0.999 },
      dumpVersion: (server) =>
        dumpVersionFor({ programRoots: [path.resolve(pgDump, '../../..')] }, server),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      onDifference: () => undefined,
    };
    const dump = (engine: 'larder' | 'pg_dump', more = {}) =>
      dumpAs(postgres, database, [schema], { engine, ...more });
    await dump('larder', { keeping });
    expect(entries.size).toBe(1);
    await postgres.sql(`INSERT INTO ${schema}.notes (body) VALUES ('a'), ('b')`, database);
    const templateOf = async () => {
      throw new Error('no template had to be made');
    };
    const ours = await dump('larder', { keeping, templateOf });
    const theirs = await dump('pg_dump');
    expect(ours.dump.engine).toBe('larder');
    const text = (archive: Buffer) => restored(pgRestore, ['-f', '-'], archive);
    expect(await text(ours.archive)).toBe(await text(theirs.archive));
  });
});

describe('an entry', () => {
  const entryOf = async (schema: string, meddle: (entry: KeptEntry) => Buffer) => {
    const { store, entries } = memoryStore();
    await (await startWorker(postgres, database, { store })).template(schema);
    for (const [name, bytes] of entries) {
      const entry = decodeEntry(bytes);
      if (!entry) throw new Error('an entry that cannot be read');
      entries.set(name, meddle(entry));
    }
    return await (await startWorker(postgres, database, { store })).template(schema);
  };

  it.each<[string, (entry: KeptEntry) => Buffer]>([
    ['of other definitions', (entry) => encodeEntry({ ...entry, key: 'x' })],
    [
      'of a server that was set back since',
      (entry) => encodeEntry({ ...entry, nextTransaction: '9999999999999' }),
    ],
    ['that has ended', (entry) => encodeEntry({ ...entry, endsAt: '2026-11-29T23:59:59.000Z' })],
    [
      'of another version',
      (entry) =>
        Buffer.from(
          encodeEntry(entry).toString('latin1').replace('"version":1', '"version":2'),
          'latin1',
        ),
    ],
    ['that is cut off', (entry) => encodeEntry(entry).subarray(0, -10)],
    ['that is empty', () => Buffer.alloc(0)],
    ['that is no entry', () => Buffer.from('{}\nx')],
    [
      'whose contents are none',
      (entry) =>
        Buffer.concat([
          encodeEntry(entry).subarray(0, encodeEntry(entry).indexOf('\n') + 1),
          Buffer.from('x'),
        ]),
    ],
  ])('%s is not used', async (_, meddle) => {
    const schema = await newSchema();
    expect((await entryOf(schema, meddle)).isFresh).toBe(true);
  });

  it('that is unharmed is used', async () => {
    const schema = await newSchema();
    expect((await entryOf(schema, encodeEntry)).isFresh).toBe(false);
  });
});

describe('a comparison with what pg_dump writes', () => {
  /** As if the fingerprint had missed a change. */
  const withAnotherDefinition = (template: Template): Template => ({
    ...template,
    contents: {
      ...template.contents,
      entries: template.contents.entries.map((one) =>
        one.desc === 'TABLE' ? { ...one, defn: `${one.defn}-- another\n` } : one,
      ),
    },
  });

  const falsified = async () => {
    const schema = await newSchema();
    const memory = memoryStore();
    await (await startWorker(postgres, database, memory)).template(schema);
    for (const [name, bytes] of memory.entries) {
      const entry = decodeEntry(bytes);
      if (!entry) throw new Error('an entry that cannot be read');
      memory.entries.set(
        name,
        encodeEntry({ ...entry, template: withAnotherDefinition(entry.template) }),
      );
    }
    const worker = await startWorker(postgres, database, memory);
    return { schema, worker, turnedOff: memory.turnedOff };
  };

  it('is made by one use in fifty, and says nothing if both are the same', async () => {
    const schema = await newSchema();
    const { store, turnedOff } = memoryStore();
    const worker = await startWorker(postgres, database, { store });
    await worker.template(schema);
    await postgres.sql(
      `SELECT nextval('${schema}.notes_id_seq'); CREATE SCHEMA next_to_${schema}`,
      database,
    );
    worker.chance = 0.0199;
    expect((await worker.template(schema)).isFresh).toBe(true);
    worker.chance = 0.02;
    expect((await worker.template(schema)).isFresh).toBe(false);
    expect([turnedOff, worker.alarms]).toEqual([[], []]);
  });

  it('that finds a difference rings, and keeps no template from then on', async () => {
    const { schema, worker, turnedOff } = await falsified();
    worker.chance = 0;
    const { template } = await worker.template(schema);
    expect(JSON.stringify(template.contents)).not.toContain('-- another');
    const why = [
      expect.objectContaining({ schemas: [schema], entry: `TABLE "${schema}"."notes"` }),
    ];
    expect([turnedOff, worker.alarms]).toEqual([why, why]);
    worker.chance = 0.999;
    expect((await worker.template(schema)).isFresh).toBe(true);
    expect((await worker.template(schema)).isFresh).toBe(true);
  });

  it('says nothing of another order of entries, which objects elsewhere decide', async () => {
    const schema = await newSchema();
    const memory = memoryStore();
    const { template } = await (await startWorker(postgres, database, memory)).template(schema);
    const { contents } = template;
    const reversed = { ...contents, entries: contents.entries.toReversed() };
    expect(firstDifference(contents, reversed)).toBeUndefined();
    const alone = contents.entries.map((entry) => ({ ...entry, dependencies: [] }));
    expect(firstDifference(contents, { ...contents, entries: alone })).toBeDefined();
  });

  it('says nothing of a change that was made meanwhile', async () => {
    const { schema, worker, turnedOff } = await falsified();
    worker.chance = 0;
    worker.meanwhile = change(`COMMENT ON TABLE ${schema}.notes IS 'meanwhile'`);
    await worker.template(schema);
    expect([turnedOff, worker.alarms]).toEqual([[], []]);
  });
});

describe('an export goes on with pg_dump', () => {
  it.each(['read', 'write', 'isTurnedOff'] as const)('if the store fails to %s', async (call) => {
    const schema = await newSchema();
    const { store } = memoryStore();
    const fail = async () => {
      throw new Error('the vault is away');
    };
    const worker = await startWorker(postgres, database, { store: { ...store, [call]: fail } });
    expect((await worker.template(schema)).isFresh).toBe(true);
    expect(worker.warnings).toHaveLength(1);
  });

  it('if the role may not read what the fingerprint needs', async () => {
    const schema = await newSchema();
    await postgres.sql('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC', database);
    await postgres.sql(
      `CREATE ROLE plain LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)} IN ROLE pg_read_all_data`,
      database,
    );
    const { store, entries } = memoryStore();
    const worker = await startWorker(postgres, database, { store, user: 'plain' });
    expect((await worker.template(schema)).isFresh).toBe(true);
    expect([worker.warnings.length, entries.size]).toEqual([1, 0]);
  });
});
