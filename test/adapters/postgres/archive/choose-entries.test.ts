import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseEntries } from '../../../../adapters/postgres/archive/choose-entries.ts';
import {
  readTableOfContents,
  type TableOfContents,
} from '../../../../adapters/postgres/archive/table-of-contents.ts';
import { describeDatabase } from '../../../support/compare-databases.ts';
import type { Postgres } from '../../../support/postgres.ts';
import { openedOn } from '../../../support/servers.ts';
import {
  AWK,
  AWKWARD,
  awkwardDatabase,
  dumpOf,
  programsOf,
  send,
  withClient,
} from '../support/dumps.ts';
import { partsOf } from '../support/parts.ts';

const run = promisify(execFile);

/** An archive of the awkward schema, its database, and an empty one that has only what is outside of the schema. */
interface Side {
  readonly postgres: Postgres;
  readonly source: string;
  readonly empty: string;
  readonly file: string;
  readonly contents: TableOfContents;
  readonly facts: ReadonlyMap<string, string>;
}
let folder: string;

const open = async (postgres: Postgres): Promise<Side> => {
  const source = await awkwardDatabase(postgres, { filled: true });
  await postgres.sql(MORE, source);
  const flags = ['--format=custom', '--exclude-table-data=*.(texts|bytes)', '--extension=hstore'];
  const archive = await dumpOf(postgres, source, { schemas: [AWKWARD], flags });
  const file = path.join(folder, `${postgres.major}.dump`);
  writeFileSync(file, archive);
  return {
    postgres,
    source,
    empty: await awkwardDatabase(postgres, { filled: false }),
    file,
    contents: await readTableOfContents(async (from, bytes) =>
      archive.subarray(from, from + bytes),
    ),
    facts: await withClient(postgres, source, describeDatabase),
  };
};

/** Ambiguous names, and shared objects. */
const MORE = `SET search_path = ${AWK};
  CREATE TABLE "a b" (c int, id int PRIMARY KEY);
  CREATE TABLE a ("b c" int);
  CREATE TRIGGER c BEFORE INSERT ON "a b" FOR EACH ROW EXECUTE FUNCTION fire();
  CREATE TRIGGER "b c" BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION fire();
  ALTER TABLE "a b" ALTER c SET DEFAULT nextval('old_serial_id_seq');
  ALTER TABLE a ALTER "b c" SET DEFAULT nextval('never called');
  CREATE FUNCTION of_table(a) RETURNS int LANGUAGE sql IMMUTABLE RETURN 1;
  CREATE INDEX "on a" ON a (of_table(a));
  CREATE FUNCTION in_view() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count FROM "a grouped view" LIMIT 1; END;
  CREATE TABLE "needs a view" (n bigint DEFAULT in_view());
  CREATE TABLE "needs a domain" (s shouting);`.replace("'never called'", `'"never called"'`);

beforeAll(() => {
  folder = mkdtempSync('/var/tmp/larder-choose-');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const on = openedOn([15, 18], open);

const named = (...names: string[]) => names.map((name) => ({ schema: AWKWARD, name }));

/** The SQL of some entries. */
const scriptOf = async ({ postgres, file }: Side, entries: readonly number[]): Promise<Buffer> => {
  const list = path.join(folder, 'list');
  writeFileSync(list, entries.map((id) => `${id};\n`).join(''));
  const { pgRestore } = await programsOf(postgres.major);
  const { stdout } = await run(pgRestore, ['-f', '-', '-L', list, file], {
    encoding: 'buffer',
    maxBuffer: 1e9,
  });
  return stdout;
};

/** Restores entries into the empty database, lists the result, and removes it again. */
const restored = async (
  side: Side,
  entries: readonly number[],
): Promise<ReadonlyMap<string, string>> => {
  const script = await scriptOf(side, entries);
  return withClient(side.postgres, side.empty, async (client) => {
    await client.query('BEGIN');
    await send(client, script);
    return await describeDatabase(client);
  });
};

/** Tables to choose, which of their parts can't be restored, and the first word of the reported reason. */
const cases: [readonly string[], RegExp[]?, string[]?][] = [
  [['people', 'teams', 'unchecked']],
  [['people'], [/^constraint "team of"/], ['foreign']],
  [['events', 'refers_to_events']],
  [['tuned', 'old_serial', 'counted', 'counted by default']],
  [['watched', 'fired', 'guarded']],
  [['base', 'derived', 'derived_again', 'typed', 'bookings', 'nulls', 'altered']],
  [['nested', 'nested_outside', 'needs a domain', 'needs a view']],
  [['a b', "$(id); `touch /tmp/x` ../%2e%2e *?|\\ 'x' --", 'table of\ntwo lines', 'far "away"']],
];
const both = [15, 18].flatMap((major) =>
  cases.map(([names, without = [], leftOut = []]) => [major, names, without, leftOut] as const),
);

/** A partition's column without a default, whose parent has one, and its domain: pg_dump writes another. */
const OF_PG_DUMP = /^column .*events_old 2 n$/;

describe('chosen tables', () => {
  it.each(both)(
    'of PostgreSQL %i are restored with all that belongs to them: %j',
    async (major, names, without, leftOut) => {
      const side = on(major);
      const chosen = chooseEntries(side.contents, named(...names));
      const after = await restored(side, chosen.withNeeds);
      const parts = await partsOf(
        side.postgres,
        side.source,
        chosen.tables.map(({ name }) => name),
      );
      expect(parts.length).toBeGreaterThan(names.length * 3);
      const differing = parts.filter((fact) => after.get(fact) !== side.facts.get(fact));
      const unforeseen = differing.filter(
        (fact) => !without.some((one) => one.test(fact)) && !OF_PG_DUMP.test(fact),
      );
      expect(unforeseen).toEqual([]);
      expect(differing).toEqual(
        expect.arrayContaining(without.map((one) => expect.stringMatching(one))),
      );
      expect(chosen.leftOut.map(({ what }) => what.replace(/ .*/s, ''))).toEqual(leftOut);
    },
  );

  it('can be restored one by one, each with what it needs', async () => {
    const side = on(18);
    // The rows of one name a table and a function (regclass, regprocedure), which nothing in an archive shows.
    const tables = side.contents.entries.filter(
      ({ desc, tag }) => desc === 'TABLE' && tag !== 'oddments',
    );
    expect(tables.length).toBeGreaterThan(45);
    await withClient(side.postgres, side.empty, async (client) => {
      for (const { tag } of tables) {
        const { withNeeds } = chooseEntries(side.contents, named(tag));
        await client.query('BEGIN');
        await send(client, await scriptOf(side, withNeeds)).catch((error: Error) => {
          throw new Error(`${tag}: ${error.message}`);
        });
        await client.query('ROLLBACK');
      }
    });
  });

  /** The chosen entries of the newer archive, as the table of contents names them. */
  const chosen = (...names: string[]) => {
    const { contents } = on(18);
    const result = chooseEntries(contents, named(...names));
    const called = (numbers: readonly number[]): string[] =>
      contents.entries
        .filter(({ dumpId }) => numbers.includes(dumpId))
        .map(({ desc, tag }) => `${desc} ${tag}`);
    return { ...result, entries: called(result.entries), withNeeds: called(result.withNeeds) };
  };

  it('are restored without objects that only seem to belong to them', () => {
    expect(chosen('a b').entries.filter((one) => one.startsWith('TRIGGER'))).toEqual([
      'TRIGGER a b c',
    ]);
    expect(chosen('a').entries).toContain('TRIGGER a b c');
    const numbers = (name: string) => chooseEntries(on(18).contents, named(name)).entries;
    const triggers = on(18).contents.entries.filter(({ tag }) => tag === 'a b c');
    for (const name of ['a', 'a b']) {
      const theirs = triggers.filter(({ dumpId }) => numbers(name).includes(dumpId));
      expect(
        theirs.map(({ defn }) => defn?.includes(name === 'a' ? '"b c"' : 'TRIGGER c')),
      ).toEqual([true]);
    }
  });

  it('include the sequences that they use, but not the owners of those', () => {
    const { entries, leftOut, leftOutBeside, needs, uses, withNeeds } = chosen('a b', 'a');
    // If they are live, they are used and not created.
    expect(entries.filter((one) => one.includes('SEQUENCE'))).toEqual([]);
    expect(uses).toEqual(named('never called', 'old_serial_id_seq'));
    expect(withNeeds.filter((one) => one.includes('SEQUENCE'))).toEqual([
      'SEQUENCE never called',
      'SEQUENCE old_serial_id_seq',
      'SEQUENCE SET never called',
      'SEQUENCE SET old_serial_id_seq',
    ]);
    expect(leftOut).toEqual([]);
    expect(leftOutBeside).toEqual([
      {
        what: `the owner of sequence ${AWK}."old_serial_id_seq"`,
        why: 'it is a table that was not chosen',
      },
    ]);
    expect(needs).toEqual([
      `FUNCTION ${AWK}.fire()`,
      `SEQUENCE ${AWK}."never called"`,
      `FUNCTION ${AWK}.of_table(${AWK}.a)`,
      `SEQUENCE ${AWK}.old_serial_id_seq`,
    ]);
  });

  it('are listed with their partitions; partitions without their parent are not attached', () => {
    expect(chosen('events_2026').tables.map(({ name }) => name)).toEqual([
      'events_2026',
      'events 2026 "eu"',
      'events_2026_rest',
      'events_2026_eu_0',
      'events_2026_eu_1',
    ]);
    const { entries, leftOut, needs } = chosen('events_old');
    expect(entries).toEqual([
      'TABLE events_old',
      'TABLE DATA events_old',
      'CONSTRAINT events_old events_old_pkey',
      'INDEX events_old_region_n_idx',
    ]);
    expect(leftOut.map(({ what }) => what)).toEqual([
      `the state of a trigger that ${AWK}."events_old" has from its parent`,
      `attaching ${AWK}."events_old" to ${AWK}."events"`,
    ]);
    expect(needs).toEqual([`DOMAIN ${AWK}.positive`]);
  });

  it('have their foreign keys to tables that are also chosen, or are not in the backup', () => {
    const { entries, leftOut } = chosen('people');
    expect(entries.filter((one) => one.startsWith('FK'))).toEqual([
      'FK CONSTRAINT people own boss',
      'FK CONSTRAINT people people_country_fkey',
    ]);
    expect(leftOut).toEqual([
      {
        what: `foreign key "team of" of ${AWK}."people"`,
        why: `it refers to ${AWK}."teams", which was not chosen`,
      },
    ]);
  });

  it('report what they need: types with all that creates them, a view with its query, parents', () => {
    expect(chosen('derived_again').needs).toEqual([`TABLE ${AWK}.base`, `TABLE ${AWK}.derived`]);
    expect(chosen('typed').needs).toEqual([`DOMAIN ${AWK}.positive`, `TYPE ${AWK}.address`]);
    expect(chosen('needs a domain').withNeeds).toContain('CHECK CONSTRAINT shouting short');
    const view = chosen('needs a view');
    expect(view.needs).toEqual([
      `VIEW ${AWK}."a grouped view"`,
      `FUNCTION ${AWK}.in_view()`,
      `TABLE ${AWK}.people`,
    ]);
    expect(view.withNeeds).toContain('RULE a grouped view _RETURN');
    expect(view.withNeeds).not.toContain('TABLE DATA people');
    expect(view.leftOutBeside?.map(({ what }) => what)).toEqual([
      `the rows of table ${AWK}."people"`,
    ]);
  });

  it('can be all of the archive’s tables: then nothing that belongs to them is left out', () => {
    const { contents } = on(18);
    const tables = contents.entries.filter(({ desc }) => /^(FOREIGN )?TABLE$/.test(desc));
    const all = chooseEntries(contents, named(...tables.map(({ tag }) => tag)));
    const rest = contents.entries.filter(({ dumpId }) => !all.withNeeds.includes(dumpId));
    expect(all.leftOut).toEqual([
      {
        what: `attaching ${AWK}."log_2026" to "elsewhere"."log"`,
        why: 'the parent was not chosen',
      },
    ]);
    const kinds = new Set(rest.map(({ desc }) => desc));
    for (const desc of [
      'TABLE',
      'TABLE DATA',
      'DEFAULT',
      'CONSTRAINT',
      'FK CONSTRAINT',
      'STATISTICS',
      'POLICY',
      'ROW SECURITY',
      'INDEX ATTACH',
      'SEQUENCE OWNED BY',
    ]) {
      expect(kinds).not.toContain(desc);
    }
  });

  it('that the archive does not have are refused by name', () => {
    for (const name of ['ordinary', 'tallied', 'nobody']) {
      expect(() => chosen('people', name)).toThrow(`it has no table ${AWK}."${name}"`);
    }
  });
});
