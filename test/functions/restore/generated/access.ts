import fc from 'fast-check';
import { type Sql, some, table } from './tables.ts';

/** Owners, grants, comments, and what uses the tenant from outside. A step of another role than the owner begins with `as <role>: `. */
const PER_TABLE = [
  'GRANT SELECT, INSERT ON % TO reader',
  'GRANT SELECT, UPDATE (id, d) ON % TO passer WITH GRANT OPTION',
  'as passer: GRANT SELECT ON % TO reader WITH GRANT OPTION',
  'as passer: GRANT UPDATE (d) ON % TO PUBLIC',
  'as reader: GRANT SELECT ON % TO app_other',
  'REVOKE ALL ON % FROM app_owner; GRANT SELECT, REFERENCES, TRIGGER ON % TO app_owner',
  'ALTER TABLE % OWNER TO app_other',
  `COMMENT ON TABLE % IS 'it''s; $$ \\'; COMMENT ON COLUMN %.d IS 'line
-- break'`,
];
const perTable: Sql = fc
  .array(fc.tuple(fc.constantFrom(...PER_TABLE), table), { minLength: 3, maxLength: 14 })
  .map((all) => all.map(([sql, name]) => sql.replaceAll('%', name)));

const ACCESS = some(
  'GRANT USAGE ON SCHEMA § TO reader, passer, app_other WITH GRANT OPTION',
  'GRANT CREATE ON SCHEMA § TO app_other',
  'as passer: GRANT USAGE ON SCHEMA § TO PUBLIC',
  'ALTER DEFAULT PRIVILEGES IN SCHEMA § GRANT SELECT ON TABLES TO reader; ALTER DEFAULT PRIVILEGES IN SCHEMA § GRANT EXECUTE ON FUNCTIONS TO passer',
  'REVOKE EXECUTE ON FUNCTION grab(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION grab(int) TO app_other WITH GRANT OPTION',
  'REVOKE USAGE ON TYPE mood FROM PUBLIC; GRANT USAGE ON TYPE mood TO reader',
  'GRANT USAGE, UPDATE ON SEQUENCE "odd; seq" TO reader; ALTER SEQUENCE behind OWNER TO app_other',
  'ALTER FUNCTION is_small(int) OWNER TO app_other; ALTER TYPE pair OWNER TO app_other',
  `COMMENT ON SCHEMA § IS 'the tenant''s own; --'`,
  `COMMENT ON FUNCTION grab(int) IS '\\'; COMMENT ON TYPE mood IS ''';'; COMMENT ON SEQUENCE "odd; seq" IS 's'`,
);

/** Created in the schema `shared`, on which the owner has all rights. */
const OUTSIDE = some(
  'CREATE VIEW shared.of_tenant AS SELECT p.id FROM §.plain p',
  'CREATE VIEW shared.above AS SELECT id FROM shared.of_tenant WHERE id > 1; GRANT SELECT ON shared.above TO reader',
  'CREATE TABLE shared.counted (n int DEFAULT nextval($$§."odd; seq"$$)); INSERT INTO shared.counted DEFAULT VALUES',
  'CREATE TABLE shared.referring (n int REFERENCES §.parted_by_hash (id)); INSERT INTO shared.referring VALUES (1)',
);

export const access: Sql = fc.tuple(ACCESS, perTable, OUTSIDE).map((all) => all.flat());
