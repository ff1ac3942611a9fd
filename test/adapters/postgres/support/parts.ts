import type { Postgres } from '../../../support/postgres.ts';
import { AWK, AWKWARD, withClient } from './dumps.ts';

/** Parts of tables, as the facts about a database name them; $1 are the tables. */
const PARTS = `
  WITH t AS (SELECT unnest($1::regclass[])::oid AS id),
  owned AS (SELECT objid AS id FROM pg_depend JOIN t ON t.id = refobjid
    WHERE classid = 'pg_class'::regclass AND deptype IN ('a', 'i') AND refobjsubid > 0 AND objid IN (SELECT seqrelid FROM pg_sequence))
  SELECT 'relation ' || id::regclass FROM t
  UNION SELECT format('column %s %s %I', attrelid::regclass, rank() OVER (PARTITION BY attrelid ORDER BY attnum), attname)
    FROM pg_attribute JOIN t ON id = attrelid WHERE attnum > 0 AND NOT attisdropped
  UNION SELECT format('constraint %I on %s', conname, conrelid::regclass) FROM pg_constraint JOIN t ON id = conrelid WHERE conparentid = 0
  UNION SELECT 'index ' || indexrelid::regclass FROM pg_index JOIN t ON id = indrelid
  UNION SELECT 'sequence ' || id::regclass FROM owned
  UNION SELECT format('value of %s.%s', (SELECT nspname FROM pg_namespace n WHERE n.oid = relnamespace), relname) FROM pg_class JOIN owned ON id = oid
  UNION SELECT format('rule %I on %s', rulename, ev_class::regclass) FROM pg_rewrite JOIN t ON id = ev_class
  UNION SELECT format('trigger %I on %s', tgname, tgrelid::regclass) FROM pg_trigger JOIN t ON id = tgrelid WHERE NOT tgisinternal
  UNION SELECT format('policy %I on %s', polname, polrelid::regclass) FROM pg_policy JOIN t ON id = polrelid
  UNION SELECT 'statistics ' || (pg_identify_object('pg_statistic_ext'::regclass, s.oid, 0)).identity FROM pg_statistic_ext s JOIN t ON id = stxrelid
  UNION SELECT concat_ws(' ', 'comment', o.type, o.identity) FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) o
    WHERE (d.classoid, d.objoid) IN (
      SELECT 'pg_class'::regclass, id FROM t UNION SELECT 'pg_class'::regclass, indexrelid FROM pg_index JOIN t ON id = indrelid
      UNION SELECT 'pg_constraint'::regclass, oid FROM pg_constraint JOIN t ON id = conrelid
      UNION SELECT 'pg_trigger'::regclass, oid FROM pg_trigger JOIN t ON id = tgrelid UNION SELECT 'pg_policy'::regclass, oid FROM pg_policy JOIN t ON id = polrelid
      UNION SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite JOIN t ON id = ev_class UNION SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext JOIN t ON id = stxrelid)`;

/** The names of the facts, of tables of the awkward schema. */
export const partsOf = (
  postgres: Postgres,
  database: string,
  names: readonly string[],
): Promise<string[]> =>
  withClient(postgres, database, async (client) => {
    await client.query(`SET search_path = ''`);
    const tables = names.map((name) => `${AWK}."${name.replaceAll('"', '""')}"`);
    const { rows } = await client.query<string[]>({
      text: PARTS,
      values: [tables],
      rowMode: 'array',
    });
    return [...names.map((name) => `rows of ${AWKWARD}.${name}`), ...rows.flat()];
  });
