import pg from 'pg';
import { identifier } from '../../../adapters/postgres/sql/identifiers.ts';

export const literal = (text: string): string => pg.escapeLiteral(text);

/** Lists the projects of CONTROL_PLANE. */
export const PROJECT_QUERY = 'SELECT id, name, schema_name, status FROM control_plane.projects';

/** The list of projects; `acme` is the schema that TENANT makes. */
export const CONTROL_PLANE = `
CREATE SCHEMA control_plane;
CREATE TABLE control_plane.projects (
  id text PRIMARY KEY, name text NOT NULL, schema_name text NOT NULL, status text NOT NULL
);
`;

/** A project `acme` in a schema of any name, with objects that break dumps: 11,000 rows in tables, 2 in a materialized view. */
export const TENANT = (schema: string): string => `
INSERT INTO control_plane.projects VALUES ('acme', 'Acme', ${literal(schema)}, 'ACTIVE');
CREATE SCHEMA ${identifier(schema)};
SET search_path = ${identifier(schema)};
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE parent (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mood mood NOT NULL DEFAULT 'ok',
  doc jsonb,
  doubled bigint GENERATED ALWAYS AS (length(doc::text) * 2) STORED
);
CREATE TABLE child (parent_id bigint NOT NULL REFERENCES parent, body bytea);
CREATE TABLE part (day date NOT NULL, v int) PARTITION BY RANGE (day);
CREATE TABLE part_2026 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE "quoted ""name"".with|all*?" ("c""ol" text);
INSERT INTO parent (mood, doc)
  SELECT CASE n % 2 WHEN 0 THEN 'sad'::mood ELSE 'ok' END, jsonb_build_object('n', n, 'text', E'naïve — \\\\. \\t ✓')
  FROM generate_series(1, 5000) n;
INSERT INTO child SELECT id, decode(md5(id::text), 'hex') FROM parent;
INSERT INTO part SELECT '2026-01-01'::date + n % 365, n FROM generate_series(1, 1000) n;
CREATE VIEW moods AS SELECT DISTINCT mood FROM parent;
CREATE MATERIALIZED VIEW totals AS SELECT mood, count(*) FROM parent GROUP BY mood;
RESET search_path;
`;
