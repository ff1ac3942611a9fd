import { beforeAll } from 'vitest';
import { openBench } from '../../../functions/export/support.ts';
import { type Home, homeForAll } from './home.ts';
import { type Stored, stored } from './support.ts';

/** The source's objects outside the schemas that are backed up. */
const SHARED = `
CREATE ROLE app; CREATE ROLE reporter; CREATE ROLE boss; GRANT boss TO reporter;
CREATE SCHEMA extensions;
CREATE EXTENSION pg_trgm SCHEMA extensions;
CREATE EXTENSION citext SCHEMA public;
CREATE SCHEMA control_plane;
CREATE TABLE control_plane.projects (id text PRIMARY KEY, name text NOT NULL, mail public.citext);
INSERT INTO control_plane.projects VALUES ('acme', 'Acme');
CREATE TYPE public.tone AS ENUM ('low', 'high');
CREATE DOMAIN public.percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE SEQUENCE public.numbers;
CREATE FUNCTION public.set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END';
CREATE FUNCTION public.new_id(prefix text DEFAULT 'x') RETURNS text LANGUAGE sql AS 'SELECT $1 || gen_random_uuid()';
CREATE FUNCTION public.is_short(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT length($1) < 100';
CREATE FUNCTION public.same(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE TABLE public.ancestor (born date NOT NULL DEFAULT '2000-01-01' CHECK (born > '1900-01-01'), made_by text DEFAULT current_user, big text);
ALTER TABLE public.ancestor ALTER big SET STORAGE EXTERNAL;
CREATE TABLE public.log (id bigint NOT NULL CHECK (id > 0), day date NOT NULL DEFAULT '2026-01-01', PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TRIGGER logged AFTER UPDATE ON public.log FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE INDEX by_day ON public.log (day);
CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = public.same);
`;

/** One database for all tests of a file: each creates its own schemas in it. */
export const sharedHome = (take: (home: Home) => void) => {
  let home: Home;
  let database: string;
  homeForAll((made) => {
    home = made;
    take(made);
  });
  beforeAll(async () => {
    database = await home.postgres.database();
    await home.postgres.sql(SHARED, database);
  });

  /** Creates the schemas and makes a backup of them. */
  const backupOf = async (sql: string, schemas: readonly string[], given = {}): Promise<Stored> => {
    await home.postgres.sql(sql, database);
    const bench = await openBench(home.services, home.postgres, {
      database,
      source:
        schemas.length > 1
          ? { sharedSchemas: [...schemas], schemas: ['x'] }
          : { schemas: [...schemas] },
      settings: { compare: 'rows', engine: 'larder' },
    });
    return await stored(
      home.services,
      bench,
      schemas.length > 1 ? '_shared-main' : (schemas[0] ?? ''),
      given,
    );
  };

  const brought = async (sql: string, schema: string, given = {}) =>
    await home.scratchRestores.rehearseQuickly(await backupOf(sql, [schema], given), 'rows');

  return { backupOf, brought };
};
