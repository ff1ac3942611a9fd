import type pg from 'pg';
import type { AtRisk } from '../../../core/manifest.ts';
import type { SchemaOids } from './schema-contents.ts';
import { constraintsIn } from './schema-members.ts';

/**
 * Checks of tables and domains that rows may violate when they are restored, as far as catalogs show it cheaply: checks that call functions
 * such as now(), or functions that may read tables. pg_depend has no rows for built-in functions, so those are found in the text.
 */
const CHANGING =
  '\\m(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|current_setting|txid_current|pg_current_xact_id)\\(|\\m(CURRENT_(DATE|TIME|TIMESTAMP|USER|ROLE)|LOCALTIME(STAMP)?|SESSION_USER)\\M';

const AT_RISK = `
  SELECT (pg_catalog.pg_identify_object('pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 0)).identity AS name,
    CASE WHEN d.text ~ $2 THEN 'changing' ELSE 'reading' END AS reason
  FROM pg_catalog.pg_constraint k, LATERAL (SELECT pg_catalog.pg_get_constraintdef(k.oid)) AS d (text)
  WHERE k.oid = ANY (ARRAY(${constraintsIn()})) AND k.contype = 'c' AND k.convalidated AND k.coninhcount = 0
    AND (d.text ~ $2 OR EXISTS (
      SELECT FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_proc f ON f.oid = p.refobjid
      WHERE p.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND p.objid = k.oid
        AND p.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        AND f.prosrc ~* '\\mselect\\M.*\\mfrom\\M' OFFSET 0))
  ORDER BY 1`;

export const readAtRisk = async (client: pg.Client, schemaOids: SchemaOids): Promise<AtRisk[]> =>
  (await client.query<AtRisk>(AT_RISK, [schemaOids, CHANGING])).rows;
