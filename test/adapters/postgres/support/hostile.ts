/** A schema whose names, bodies, comments and rows look like statements, psql commands or ends of rows. */
export const HOSTILE_SCHEMA = 'x"; DROP SCHEMA public; --\n\\.\n\\connect y\n$$ /* \'';

const S = `"${HOSTILE_SCHEMA.replaceAll('"', '""')}"`;
const string = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const VALUES = [
  '\\.',
  '\n\\.\n',
  '\\.\n\\connect other\n',
  '\\N',
  '; DROP TABLE t; --',
  '-- Name: x; Type: EXTENSION; Schema: -; Owner: -',
  '\n--\n-- Name: x; Type: EXTENSION; Schema: -; Owner: -\n--\n\nCREATE EXTENSION x;\n',
  '$$',
  '$_$; $_$ $function$ $__$',
  "'",
  "\\'",
  '"',
  '/*',
  '*/',
  '\r\n\\.\r\n',
  'COPY t FROM stdin;\n1\n\\.\n',
  '\n\\restrict x\n\\! ls\n',
  ';\\',
  '',
];
const ALL = VALUES.join(' ');

/** For a session whose backslashes are plain characters. */
export const HOSTILE = `
SET check_function_bodies = off;
CREATE SCHEMA ${S};
SET search_path = ${S};

CREATE TYPE atomic AS ENUM (${VALUES.map((value) => string(value.slice(0, 60))).join(', ')});
CREATE TABLE begin (id int PRIMARY KEY, "case" text, "end" text DEFAULT '\\');
CREATE TABLE "case
\\.
" ("a;
\\! ls" text DEFAULT ';$$', "-- b" atomic, "/* c" int CONSTRAINT "'; $$" CHECK ("/* c" > 0), "$$" text[]);
CREATE TABLE "\\." ("\\." text);
CREATE TABLE "$_$" (id int GENERATED ALWAYS AS IDENTITY, v text, w text);
INSERT INTO "$_$" (v, w) VALUES ${VALUES.map((value) => `(${string(value)}, ${string(value)})`).join(', ')};
INSERT INTO "\\." VALUES ${VALUES.map((value) => `(${string(value)})`).join(', ')};
INSERT INTO "case
\\.
" VALUES (${string(ALL)}, '\\.', 7, ARRAY [${VALUES.map(string).join(', ')}]);

CREATE FUNCTION begin(begin int, "end" text DEFAULT ';') RETURNS begin LANGUAGE plpgsql SET search_path = ${S}, "a;b"
  AS ${string(ALL)};
CREATE PROCEDURE "end"() LANGUAGE plpgsql AS $a$${ALL.replaceAll('$', '')}$a$;
CREATE FUNCTION "atomic; end"(begin int) RETURNS text LANGUAGE sql
  BEGIN ATOMIC
    SELECT CASE WHEN begin.id > 0 THEN ';' ELSE "end" END FROM begin;
    SELECT begin."case" AS "end" FROM begin WHERE (CASE begin.id WHEN 1 THEN true END);
    SELECT '; END;' AS "case";
  END;
CREATE PROCEDURE "begin atomic"() LANGUAGE sql BEGIN ATOMIC DELETE FROM begin; INSERT INTO begin VALUES (1, ';'); END;
CREATE FUNCTION nothing() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS '-- ;';

CREATE VIEW "v;" AS SELECT ${VALUES.map((value, n) => `${string(value)}::text AS ${n === 0 ? 'begin' : `"${n};"`}`).join(', ')}, CASE WHEN true THEN ';' END AS "case";
CREATE RULE "r;" AS ON UPDATE TO begin DO ALSO (INSERT INTO begin VALUES (2, '; ('); NOTIFY "c;)");
CREATE TRIGGER "t;" BEFORE INSERT ON begin FOR EACH ROW EXECUTE FUNCTION fire(${VALUES.map(string).join(', ')});
CREATE INDEX "i;" ON begin ((id || ';'), "end") WHERE "case" <> '\\'';';
CREATE POLICY "p;" ON begin USING ("case" <> ${string(ALL)});
CREATE SEQUENCE "s';""\\.";
SELECT setval('"s'';""\\."', 5);
ALTER TABLE begin ADD CONSTRAINT "fk; $$" FOREIGN KEY (id) REFERENCES begin;

COMMENT ON SCHEMA ${S} IS ${string(ALL)};
COMMENT ON TABLE begin IS ${string(ALL)};
COMMENT ON COLUMN begin."end" IS ${string(ALL)};
COMMENT ON FUNCTION begin(int, text) IS ${string(ALL)};
COMMENT ON CONSTRAINT "fk; $$" ON begin IS ${string(ALL)};
`;
