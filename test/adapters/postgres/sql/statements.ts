import type { StatementKind } from '../../../../adapters/postgres/sql/kinds/statement-kind.ts';

const name = (schema: string | null, text: string) => ({ schema, name: text });

/** As pg_dump 15, 17 and 18 write them, and similar ones. */
export const KINDS_OF: readonly [string, StatementKind][] = [
  ['SET statement_timeout = 0', { kind: 'setting', name: 'statement_timeout', values: ['0'] }],
  [
    'SET "My.Setting" TO -1.5, \'b\', c',
    { kind: 'setting', name: 'my.setting', values: ['-1.5', 'b', 'c'] },
  ],
  ['SET LOCAL a.b TO DEFAULT', { kind: 'setting', name: 'a.b', values: [] }],
  ["SET NAMES 'UTF8'", { kind: 'setting', name: 'client_encoding', values: ['UTF8'] }],
  ["SET TIME ZONE 'UTC'", { kind: 'setting', name: 'timezone', values: ['UTC'] }],
  ['RESET ALL', { kind: 'setting', name: 'all', values: [] }],
  [
    "SELECT pg_catalog.set_config('search_path', '', false)",
    { kind: 'setting', name: 'search_path', values: [''] },
  ],
  [
    `SELECT pg_catalog.setval('"A ""b"" é".s', -14, true)`,
    { kind: 'sequence-value', text: '"A ""b"" é".s', value: '-14', called: true },
  ],
  [`SET SESSION AUTHORIZATION 'it''s'`, { kind: 'session-authorization', role: "it's" }],
  ['SET SESSION AUTHORIZATION "R"', { kind: 'session-authorization', role: 'R' }],
  ['SET SESSION AUTHORIZATION DEFAULT', { kind: 'session-authorization', role: null }],
  ['RESET SESSION AUTHORIZATION', { kind: 'session-authorization', role: null }],
  ['SET ROLE r', { kind: 'set-role', role: 'r' }],
  ['RESET ROLE', { kind: 'set-role', role: null }],
  ['BEGIN', { kind: 'transaction', what: 'begin' }],
  ['COMMIT AND CHAIN', { kind: 'transaction', what: 'commit' }],
  ['end', { kind: 'transaction', what: 'end' }],
  ['ROLLBACK TO SAVEPOINT a', { kind: 'transaction', what: 'rollback' }],
  ["PREPARE TRANSACTION 'a'", { kind: 'transaction', what: 'prepare' }],
  ['SET TRANSACTION READ ONLY', { kind: 'transaction', what: 'set transaction' }],
  ['CREATE SCHEMA "S; x"', { kind: 'create-schema', schema: 'S; x' }],
  ['CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION r', { kind: 'create-schema', schema: 's' }],
  ["COMMENT ON SCHEMA s IS 'x'", { kind: 'comment-on-schema', schema: 's' }],
  [
    'CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA "S"',
    { kind: 'create-extension', extension: 'uuid-ossp', schema: 'S' },
  ],
  [
    "CREATE EXTENSION hstore VERSION '1.8' CASCADE",
    { kind: 'create-extension', extension: 'hstore', schema: null },
  ],
  ['COMMENT ON EXTENSION hstore IS NULL', { kind: 'comment-on-extension', extension: 'hstore' }],
  ['ALTER EXTENSION x SET SCHEMA y', { kind: 'alter-extension', extension: 'x' }],
  [
    'ALTER TABLE ONLY s."T"\n    ADD CONSTRAINT "c;" FOREIGN KEY (a, PERIOD b) REFERENCES "O".u(id, PERIOD v) ON DELETE SET NULL (a) DEFERRABLE INITIALLY DEFERRED NOT VALID',
    {
      kind: 'foreign-key',
      table: name('s', 'T'),
      only: true,
      constraint: 'c;',
      references: name('O', 'u'),
      notValid: true,
    },
  ],
  [
    'ALTER TABLE s.t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s.u',
    {
      kind: 'foreign-key',
      table: name('s', 't'),
      only: false,
      constraint: 'c',
      references: name('s', 'u'),
      notValid: false,
    },
  ],
  [
    "COMMENT ON CONSTRAINT c ON s.t IS 'x'",
    { kind: 'comment-on-constraint', table: name('s', 't'), constraint: 'c' },
  ],
  [
    "ALTER TABLE ONLY s.p ATTACH PARTITION s.c FOR VALUES IN ('a', 'b;')",
    { kind: 'attach-partition', parent: name('s', 'p'), child: name('s', 'c') },
  ],
  [
    'ALTER TABLE ONLY s.p ATTACH PARTITION o.c DEFAULT',
    { kind: 'attach-partition', parent: name('s', 'p'), child: name('o', 'c') },
  ],
  [
    'ALTER INDEX s.p ATTACH PARTITION s.c',
    { kind: 'attach-index', parent: name('s', 'p'), child: name('s', 'c') },
  ],
  [
    'ALTER FUNCTION s.f(a integer, b text[]) OWNER TO "R r"',
    { kind: 'owner', what: 'function', on: name('s', 'f'), role: 'R r' },
  ],
  [
    'ALTER OPERATOR s.=== (integer, NONE) OWNER TO r',
    { kind: 'owner', what: 'operator', on: name('s', '==='), role: 'r' },
  ],
  [
    'ALTER OPERATOR CLASS s.c USING btree OWNER TO r',
    { kind: 'owner', what: 'operator class', on: name('s', 'c'), role: 'r' },
  ],
  [
    'ALTER LARGE OBJECT 4242 OWNER TO r',
    { kind: 'owner', what: 'large object', on: name(null, '4242'), role: 'r' },
  ],
  [
    'ALTER TEXT SEARCH CONFIGURATION s.c OWNER TO r',
    { kind: 'owner', what: 'text search configuration', on: name('s', 'c'), role: 'r' },
  ],
  ['ALTER SCHEMA s OWNER TO r', { kind: 'owner', what: 'schema', on: name(null, 's'), role: 'r' }],
  [
    'ALTER EVENT TRIGGER e OWNER TO r',
    { kind: 'owner', what: 'event trigger', on: name(null, 'e'), role: 'r' },
  ],
  [
    'GRANT SELECT(id),REFERENCES(id) ON TABLE s.t TO "public", PUBLIC WITH GRANT OPTION',
    { kind: 'grant', what: 'table', on: name('s', 't'), roles: [], public: true },
  ],
  [
    'REVOKE GRANT OPTION FOR ALL ON FUNCTION s.f(integer) FROM a, b CASCADE',
    { kind: 'revoke', what: 'function', on: name('s', 'f'), roles: ['a', 'b'], public: false },
  ],
  [
    'GRANT USAGE ON FOREIGN DATA WRAPPER w TO r GRANTED BY o',
    {
      kind: 'grant',
      what: 'foreign data wrapper',
      on: name(null, 'w'),
      roles: ['r'],
      public: false,
    },
  ],
  [
    'ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA "S" GRANT ALL ON FUNCTIONS TO r WITH GRANT OPTION',
    {
      kind: 'default-privileges',
      action: 'grant',
      role: 'o',
      schema: 'S',
      roles: ['r'],
      public: false,
    },
  ],
  [
    'ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC',
    {
      kind: 'default-privileges',
      action: 'revoke',
      role: null,
      schema: null,
      roles: [],
      public: true,
    },
  ],
  ['CREATE TABLE s.t (a int)', { kind: 'create', what: 'table', ...name('s', 't') }],
  ['CREATE UNLOGGED TABLE s.t ()', { kind: 'create', what: 'table', ...name('s', 't') }],
  ['CREATE OR REPLACE VIEW s.v AS SELECT 1', { kind: 'create', what: 'view', ...name('s', 'v') }],
  [
    'CREATE MATERIALIZED VIEW s.m AS SELECT 1 WITH NO DATA',
    { kind: 'create', what: 'materialized view', ...name('s', 'm') },
  ],
  [
    'CREATE FUNCTION s.table(a int) RETURNS int',
    { kind: 'create', what: 'function', ...name('s', 'table') },
  ],
  [
    'CREATE UNIQUE INDEX "i i" ON ONLY s.t USING btree (a)',
    { kind: 'create', what: 'index', ...name('s', 'i i'), table: name('s', 't') },
  ],
  [
    `CREATE CONSTRAINT TRIGGER "on" AFTER UPDATE OF "on", b ON s.t FROM s.u FOR EACH ROW EXECUTE FUNCTION s.f('x')`,
    { kind: 'create', what: 'trigger', ...name('s', 'on'), table: name('s', 't') },
  ],
  [
    'CREATE RULE r AS\n    ON UPDATE TO s.t DO INSTEAD NOTHING',
    { kind: 'create', what: 'rule', ...name('s', 'r'), table: name('s', 't') },
  ],
  [
    'CREATE POLICY p ON s.t AS RESTRICTIVE FOR SELECT USING (true)',
    { kind: 'create', what: 'policy', ...name('s', 'p'), table: name('s', 't') },
  ],
  [
    'CREATE OPERATOR s.<-> (FUNCTION = s.f)',
    { kind: 'create', what: 'operator', ...name('s', '<->') },
  ],
  ['CREATE DEFAULT CONVERSION s.c FOR', { kind: 'create', what: 'conversion', ...name('s', 'c') }],
  [
    'CREATE SERVER x FOREIGN DATA WRAPPER w',
    { kind: 'create', what: 'server', ...name(null, 'x') },
  ],
  [
    'ALTER TABLE ONLY s.t REPLICA IDENTITY FULL',
    { kind: 'alter', what: 'table', on: name('s', 't') },
  ],
  ['REFRESH MATERIALIZED VIEW s.m', { kind: 'refresh', view: name('s', 'm') }],
  ['CREATE PUBLICATION p FOR ALL TABLES', { kind: 'publication', action: 'create', name: 'p' }],
  ['ALTER PUBLICATION p ADD TABLE ONLY s.t', { kind: 'publication', action: 'alter', name: 'p' }],
  ["COMMENT ON SUBSCRIPTION x IS 'y'", { kind: 'subscription', action: 'comment', name: 'x' }],
  [
    'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION s.f()',
    { kind: 'event-trigger', action: 'create', name: 'e' },
  ],
  ['ALTER EVENT TRIGGER e DISABLE', { kind: 'event-trigger', action: 'alter', name: 'e' }],
];

/** Statements that look as if they may be left out, but contain more, or are something else. */
export const OTHERS = [
  'ALTER TABLE s.t OWNER TO r, DROP COLUMN a',
  'ALTER TABLE s.t ALTER COLUMN a DROP DEFAULT, OWNER TO r',
  'ALTER TABLE s.t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s.u, ADD COLUMN b int',
  'ALTER TABLE s.p ATTACH PARTITION s.c DEFAULT, DROP COLUMN b',
  'CREATE SCHEMA s CREATE TABLE t (a int)',
  "COMMENT ON SCHEMA s IS 'a' 'b'",
  'CREATE EXTENSION x SCHEMA s FROM unpackaged',
  'GRANT a TO b',
  'GRANT SELECT ON ALL TABLES IN SCHEMA s TO r',
  'GRANT SELECT ON TABLE s.t, s.u TO r',
  "SELECT pg_catalog.setval('a', 1, true), pg_catalog.pg_sleep(1)",
  "SELECT s.setval('a', 1, true)",
  "SELECT pg_catalog.set_config('a', 'b', false) FROM s.f()",
  'SET a = b c',
  '"set" a = b',
  '"copy" s.t FROM stdin',
  'REFRESH MATERIALIZED VIEW s.m WITH NO DATA',
  'ALTER DEFAULT PRIVILEGES FOR ROLE a, b GRANT ALL ON TABLES TO c',
  'PREPARE x AS SELECT 1',
  "DO 'x'",
  'DROP TABLE s.t',
  '(SELECT 1)',
  'constructor x',
];
