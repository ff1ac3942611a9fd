import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { Postgres } from './postgres.ts';
import { runFile } from './restore.ts';

/** A new database with what PostgreSQL's regression tests leave behind, see test/fixtures/regression/README.md. */
export const regressionDatabase = async (postgres: Postgres, folder: string): Promise<string> => {
  const name = `postgresql-${postgres.major}.sql`;
  const packed = readFileSync(
    path.join(import.meta.dirname, '../fixtures/regression', `${name}.zst`),
  );
  const file = path.join(folder, name);
  writeFileSync(file, zstdDecompressSync(packed));
  const database = await postgres.database();
  await runFile(postgres, database, file);
  return database;
};

/** Objects that only a superuser may create, with all objects that need them. */
const DROP_SUPERUSERS = `
DO $$
DECLARE
  statement text;
BEGIN
  FOREACH statement IN ARRAY ARRAY(
    SELECT format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype) FROM pg_type t
    WHERE t.oid >= 16384 AND (t.typtype = 'b' AND t.typelem = 0 OR NOT t.typisdefined)
    UNION ALL SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.oid >= 16384 AND p.prokind <> 'a' AND (l.lanname IN ('internal', 'c') OR p.proleakproof)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
    UNION ALL SELECT format('DROP AGGREGATE IF EXISTS %s(%s) CASCADE', format('%I.%I', n.nspname, p.proname), pg_get_function_identity_arguments(p.oid))
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid >= 16384 AND 'internal'::regtype IN (a.aggtranstype, a.aggmtranstype)
    UNION ALL SELECT format('DROP OPERATOR FAMILY IF EXISTS %I.%I USING %I CASCADE', n.nspname, f.opfname, a.amname)
    FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod WHERE f.oid >= 16384
  ) LOOP
    EXECUTE statement;
  END LOOP;
END $$`;

/** A copy of it, without what only a superuser may create. */
export const withoutSuperusers = async (postgres: Postgres, of: string): Promise<string> => {
  const name = `${of}_plain`;
  await postgres.sql(`CREATE DATABASE ${name} TEMPLATE ${of}`);
  await postgres.sql(DROP_SUPERUSERS, name);
  return name;
};
