import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Postgres } from '../../../support/postgres.ts';
import { openedOn } from '../../../support/servers.ts';
import { placesOf, restore, type Stored, surveyOf, takeBackup } from '../support/restoring.ts';
import { databaseOfMany, RARE } from './many-schemas.ts';

/**
 * What one project costs does not depend on its neighbors: no query on the catalogs reads the rows of all schemas. Each query that an
 * export sends is explained with its own parameters and settings, and the rows that its nodes read are counted. No time is measured.
 */
const SCHEMAS = 150;
/** Rows of one catalog that a node may read at once: the schema itself has far fewer, all schemas together have far more. */
const MOST = 400;

/**
 * Makes the planner believe that the catalogs have so many times as many rows: it takes the rows of a page from here, and the pages from
 * the file. With as few schemas as a test can make, to read a small catalog as a whole costs about as much as to look its rows up.
 */
const enlarge = (factor: number): string => `
  UPDATE pg_catalog.pg_class SET reltuples = reltuples * ${factor}
  WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'i') AND reltuples > 0`;

const on = openedOn([15, 18], async (postgres) => ({
  postgres,
  database: await databaseOfMany(postgres, SCHEMAS),
}));

interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The session's first settings, in the server's form. */
  readonly options: string;
}

const optionsOf = (client: pg.Client): string => {
  const parameters: unknown = Reflect.get(client, 'connectionParameters');
  return typeof parameters === 'object' && parameters !== null && 'options' in parameters
    ? String(parameters.options)
    : '';
};

const sentAs = (client: pg.Client, [query, values]: readonly unknown[]): Sent | undefined => {
  const config = typeof query === 'string' ? { text: query } : query;
  if (typeof config !== 'object' || config === null || !('text' in config)) return undefined;
  const given = 'values' in config ? config.values : values;
  return {
    text: String(config.text),
    values: Array.isArray(given) ? given : [],
    options: optionsOf(client),
  };
};

/** All that sessions send while something is done, each text once. */
const sentBy = async (work: () => Promise<unknown>): Promise<Sent[]> => {
  const sent = new Map<string, Sent>();
  const original = pg.Client.prototype.query;
  const query = function (this: pg.Client, ...given: unknown[]): unknown {
    const one = sentAs(this, given);
    if (one && !sent.has(one.text)) sent.set(one.text, one);
    return Reflect.apply(original, this, given);
  };
  Reflect.set(pg.Client.prototype, 'query', query);
  try {
    await work();
  } finally {
    pg.Client.prototype.query = original;
  }
  return [...sent.values()];
};

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Node[];
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const one of node.Plans ?? []) yield* nodesOf(one);
}

const isOfCatalogs = ({ text }: Sent): boolean =>
  /^\s*(SELECT|WITH)\b/.test(text) &&
  /\bpg_(catalog\.pg_)?(class|depend|proc|type|namespace)\b/.test(text) &&
  !/pg_export_snapshot|pg_terminate|set_config/.test(text);

/** Nodes that read too many rows of a catalog at once. */
const readingAll = async (client: pg.Client, { text, values }: Sent): Promise<string[]> => {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly { Plan: Node }[] }>({
    text: `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
    values: [...values],
  });
  const [plan] = rows[0]?.['QUERY PLAN'] ?? [];
  if (!plan) throw new Error('no plan');
  return [...nodesOf(plan.Plan)].flatMap((node) => {
    const relation = node['Relation Name'];
    const read = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
    if (!relation?.startsWith('pg_') || read <= MOST) return [];
    return [`${node['Node Type']} of ${relation}: ${read} rows`];
  });
};

/**
 * What a restore still reads of all schemas, by the beginning of its SQL: what anybody may have written is looked for everywhere before the
 * COMMIT, which roles own schemas is a fact about all of them, and two queries run in the session of a restore, which does not plan by index.
 */
const OF_ALL: readonly RegExp[] = [
  /^SELECT '?[\w.]+'? AS catalog, c\.oid/,
  /^SELECT c\.classid::text/,
  /^SELECT c\.oid::text AS (id|oid)\b/,
  /^SELECT session_user::text AS self/,
  /^WITH RECURSIVE reached AS/,
  /^WITH RECURSIVE all_members AS/,
];

const isOfOne = ({ text }: Sent): boolean =>
  !OF_ALL.some((beginning) => beginning.test(text.trim().replace(/\s+/g, ' ')));

/** As the session that sent it would execute it. */
const scansOf = async (postgres: Postgres, database: string, sent: readonly Sent[]) => {
  const found = new Set<string>();
  for (const [options, queries] of Map.groupBy(sent.filter(isOfCatalogs), (one) => one.options)) {
    const client = await postgres.session(database, 'postgres', options);
    try {
      for (const one of queries) {
        for (const scan of await readingAll(client, one))
          found.add(`${scan} in ${one.text.replace(/\s+/g, ' ').slice(0, 200)}`);
      }
    } finally {
      await client.end();
    }
  }
  return [...found];
};

describe.each([15, 18])('of PostgreSQL %i, no query reads the rows of all schemas', (major) => {
  let ofExport: readonly Sent[];
  let ofChecks: readonly Sent[];
  let ofRestore: readonly Sent[];
  beforeAll(async () => {
    const { postgres, database } = on(major);
    const target = { postgres, database, user: 'postgres' };
    let stored: Stored | undefined;
    ofExport = await sentBy(async () => {
      stored = await takeBackup(postgres, database, [RARE]);
    });
    ofChecks = await sentBy(async () => {
      if (!stored) return;
      await surveyOf(target, stored);
      await surveyOf(target, stored, { mode: 'swap', places: placesOf(stored, '') });
    });
    ofRestore = await sentBy(
      async () => stored && (await restore(target, stored, { acceptOwnCode: true })),
    );
    expect(ofRestore.filter(isOfCatalogs).length).toBeGreaterThan(20);
    expect(ofExport.filter(isOfCatalogs).length).toBeGreaterThan(40);
    expect(ofChecks.filter(isOfCatalogs).length).toBeGreaterThan(5);
  });

  it.each([10, 100])(
    'of an export, of the checks before a restore, and of a restore, of %i times as many',
    async (factor) => {
      const { postgres, database } = on(major);
      await postgres.sql('VACUUM ANALYZE', database);
      await postgres.sql(enlarge(factor), database);
      expect(await scansOf(postgres, database, ofExport)).toEqual([]);
      expect(await scansOf(postgres, database, ofChecks)).toEqual([]);
      expect(await scansOf(postgres, database, ofRestore.filter(isOfOne))).toEqual([]);
    },
  );
});
