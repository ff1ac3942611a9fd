import { membersIn } from '../catalog/schema-members.ts';
import {
  aside,
  commented,
  IS_18,
  isMemberType,
  ownedBy,
  readsConstants,
} from './dependent-rows.ts';

/** Constraints, triggers, policies, functions and publications. */

const KEY = `pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', '')`;
/** A partitioned table passes its key on to its partitions. */
const TABLE = `pg_catalog.format('%s%I.%I', CASE WHEN c.relkind = 'p' THEN '' ELSE 'ONLY ' END, n.nspname, c.relname)`;
const ADD = `pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', ${TABLE}, k.conname, ${KEY})`;
const COMMENT = `pg_catalog.obj_description(k.oid, 'pg_constraint')`;
/** Since PostgreSQL 18 a key may exist without being enforced; then there are no rows to check. */
const NOT_VALID = `CASE WHEN ${KEY} LIKE '%NOT ENFORCED' THEN '' ELSE ' NOT VALID' END`;

/** Before PostgreSQL 18 a partitioned table accepts no key that is NOT VALID. */
export const KEYS = `
  SELECT 'foreign key' AS kind, pg_catalog.format('%I of %I.%I', k.conname, n.nspname, c.relname) AS name, ${ownedBy('c.relowner')},
    CASE WHEN c.relkind = 'p' AND NOT ${IS_18} THEN 'rows'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND ${isMemberType('a.atttypid')}) THEN 'types'
    END AS obstacle,
    ARRAY[pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', ${TABLE}, k.conname),
      ${ADD} || CASE WHEN c.relkind = 'p' AND NOT ${IS_18} THEN '' ELSE ${NOT_VALID} END]
      || ${commented(`pg_catalog.format('CONSTRAINT %I ON %I.%I', k.conname, n.nspname, c.relname)`, COMMENT)} AS statements,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation, false AS view,
    pg_catalog.jsonb_build_object('schema', n.nspname, 'table', c.relname, 'name', k.conname, 'add', ${ADD}, 'valid', k.convalidated, 'comment', ${COMMENT}) AS key
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE k.oid = ANY ($1) AND k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid`;

/** A check of a table or a domain. */
export const CHECKS = `
  SELECT 'check' AS kind, pg_catalog.format('%I of %s', k.conname, on_what.name) AS name, ${ownedBy('COALESCE(c.relowner, t.typowner)')}, 'code' AS obstacle,
    ARRAY[pg_catalog.format('ALTER %s %s DROP CONSTRAINT %I', word, on_what.name, k.conname),
      pg_catalog.format('ALTER %s %s ADD CONSTRAINT %I %s NOT VALID', word, on_what.name, k.conname, ${KEY}),
      pg_catalog.format('ALTER %s %s VALIDATE CONSTRAINT %I', word, on_what.name, k.conname)] AS statements
  FROM pg_catalog.pg_constraint k
  LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid
  JOIN pg_catalog.pg_namespace n ON n.oid = COALESCE(c.relnamespace, t.typnamespace),
    LATERAL (SELECT CASE WHEN k.conrelid <> 0 THEN 'TABLE' ELSE 'DOMAIN' END AS word, pg_catalog.format('%I.%I', n.nspname, COALESCE(c.relname, t.typname)) AS name) on_what
  WHERE k.oid = ANY ($1) AND k.contype = 'c' AND k.coninhcount = 0 ORDER BY k.oid`;

/** CREATE OR REPLACE TRIGGER enables the trigger, and does not exist for constraint triggers. */
export const TRIGGERS = `
  SELECT 'trigger' AS kind, pg_catalog.format('%I of %I.%I', t.tgname, n.nspname, c.relname) AS name, ${ownedBy('c.relowner')},
    CASE WHEN ${readsConstants('t.tgqual::text')} THEN 'code' END AS obstacle,
    CASE WHEN t.tgconstraint = 0
      THEN ARRAY[pg_catalog.regexp_replace(pg_catalog.pg_get_triggerdef(t.oid), '^CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER')]
      ELSE ARRAY[pg_catalog.format('DROP TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname), pg_catalog.pg_get_triggerdef(t.oid)]
        || ${commented(`pg_catalog.format('TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname)`, "pg_catalog.obj_description(t.oid, 'pg_trigger')")}
    END || CASE WHEN t.tgenabled = 'O' THEN '{}'::text[] ELSE ARRAY[pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', ${TABLE},
      CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)] END AS statements,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation, c.relkind = 'v' AS view
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE t.oid = ANY ($1) AND NOT t.tgisinternal AND t.tgparentid = 0 ORDER BY t.oid`;

export const POLICIES = `
  SELECT 'policy' AS kind, pg_catalog.format('%I of %I.%I', p.polname, n.nspname, c.relname) AS name, ${ownedBy('c.relowner')},
    CASE WHEN ${readsConstants(`pg_catalog.concat(p.polqual::text, p.polwithcheck::text)`)} THEN 'code' END AS obstacle,
    ARRAY[pg_catalog.format('ALTER POLICY %I ON %I.%I', p.polname, n.nspname, c.relname)
      || COALESCE(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
      || COALESCE(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')] AS statements,
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation, false AS view, 'pg_policy' AS class, p.oid::text AS oid
  FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE p.oid = ANY ($1) ORDER BY p.oid`;

/** A body of SQL (BEGIN ATOMIC, RETURN) is parsed and bound; any other body is text, and only the signature has dependencies. */
export const FUNCTIONS = `
  SELECT 'function' AS kind, pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name, ${ownedBy('p.proowner')},
    CASE WHEN EXISTS (
        SELECT FROM pg_catalog.unnest(COALESCE(p.proallargtypes, p.proargtypes::pg_catalog.oid[]) || p.prorettype) AS a (type) WHERE ${isMemberType('a.type')}
      ) THEN 'types'
      WHEN ${readsConstants('pg_catalog.concat(p.prosqlbody::text, p.proargdefaults::text)')} THEN 'code' END AS obstacle,
    ARRAY[pg_catalog.rtrim(pg_catalog.pg_get_functiondef(p.oid), E';\\n')] AS statements,
    'pg_proc' AS class, p.oid::text AS oid
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE p.oid = ANY ($1) AND p.prokind <> 'a' ORDER BY p.oid`;

/** The restore role itself must own the publication and the table. */
const OF_PUBLICATION = `
    pg_catalog.pg_get_userbyid(p.pubowner)::text AS owner, pg_catalog.pg_has_role(p.pubowner, 'USAGE') AS settable`;

/** Columns and row filter: since PostgreSQL 15. */
const LIMITS = `
        || COALESCE((SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), '')
        || COALESCE(' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')', '')`;

export const publications = (is15: boolean): string => `
  SELECT 'publication' AS kind, pg_catalog.format('%I (table %I.%I)', p.pubname, n.nspname, c.relname) AS name, ${OF_PUBLICATION}, NULL AS obstacle,
    ARRAY[pg_catalog.format('ALTER PUBLICATION %I DROP TABLE ONLY %I.%I', p.pubname, ${aside('n.nspname')}, c.relname),
      pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %I.%I', p.pubname, n.nspname, c.relname)${is15 ? LIMITS : ''}] AS statements
  FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
  JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE r.oid = ANY ($1) ORDER BY r.oid`;

/** Since PostgreSQL 15. Only a superuser may add a schema to a publication. */
export const SCHEMA_PUBLICATIONS = `
  SELECT 'publication of the schema' AS kind, pg_catalog.format('%I (%I)', p.pubname, n.nspname) AS name, ${OF_PUBLICATION},
    CASE WHEN pg_catalog.current_setting('is_superuser') <> 'on' THEN 'superuser' END AS obstacle,
    ARRAY[pg_catalog.format('ALTER PUBLICATION %I DROP TABLES IN SCHEMA %I', p.pubname, ${aside('n.nspname')}),
      pg_catalog.format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I', p.pubname, n.nspname)] AS statements
  FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_namespace s ON s.pnpubid = p.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid
  WHERE s.pnnspid = ANY ($2) ORDER BY p.oid`;

export const SUBSCRIPTIONS = `
  SELECT 'subscription' AS kind, pg_catalog.format('(table %I.%I)', n.nspname, c.relname) AS name, NULL AS owner, false AS settable, 'subscription' AS obstacle, '{}'::text[] AS statements
  FROM pg_catalog.pg_subscription_rel r JOIN pg_catalog.pg_class c ON c.oid = r.srrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE r.srrelid = ANY (ARRAY(${membersIn('pg_class', '$2')})) ORDER BY c.oid`;

/** Objects for which there is no other query. */
export const OTHERS = `
  SELECT 'other' AS kind, o.type || ' ' || o.identity AS name, NULL AS owner, false AS settable, 'unknown' AS obstacle, '{}'::text[] AS statements
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::pg_catalog.oid[])) AS h (class, oid)
  JOIN pg_catalog.pg_class k ON k.relname = h.class AND k.relnamespace = 'pg_catalog'::regnamespace,
    LATERAL pg_catalog.pg_identify_object(k.oid, h.oid, 0) o ORDER BY 2`;
