import type pg from 'pg';
import type { ObjectState } from '../../../core/manifest-states.ts';
import { catalog } from './outside-dependencies.ts';
import type { SchemaOids } from './schema-contents.ts';
import { constraintsIn, membersIn } from './schema-members.ts';

/**
 * States of objects that pg_dump does not write, or writes unchanged although rows may violate them. Found by comparing every column of
 * pg_class, pg_attribute, pg_index, pg_constraint, pg_type, pg_trigger, pg_rewrite, pg_policy and pg_statistic_ext before and after a
 * restore. pg_dump leaves out an index that is not valid or not ready, except a partitioned table's (getIndexes in pg_dump.c), writes no
 * state of a constraint's own triggers (getTriggers), and writes REPLICA IDENTITY USING INDEX only with the index.
 */
const INVALID_INDEXES = `
  SELECT 'invalid-index' AS state, (pg_catalog.pg_identify_object(${catalog('pg_class')}, x.oid, 0)).identity AS name
  FROM pg_catalog.pg_class t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  WHERE i.indrelid = ANY (ARRAY(${membersIn('pg_class')})) AND t.relkind IN ('r', 'm', 'p') AND (NOT i.indisready OR NOT i.indisvalid AND t.relkind <> 'p')`;

/** The server then has no identity for the table, as with REPLICA IDENTITY NOTHING. */
const LOST_IDENTITIES = `
  SELECT 'lost-replica-identity', (pg_catalog.pg_identify_object(${catalog('pg_class')}, t.oid, 0)).identity
  FROM pg_catalog.pg_class t
  WHERE t.oid = ANY (ARRAY(${membersIn('pg_class')})) AND t.relkind IN ('r', 'p') AND t.relreplident = 'i'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = t.oid AND i.indisreplident AND i.indisvalid AND i.indisready)`;

/** By ALTER TABLE ... DISABLE TRIGGER ALL. A constraint that is not enforced has no triggers. */
const SWITCHED_OFF = `
  SELECT DISTINCT 'switched-off-constraint', (pg_catalog.pg_identify_object(${catalog('pg_constraint')}, k.oid, 0)).identity
  FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
  WHERE g.tgrelid = ANY (ARRAY(${membersIn('pg_class')})) AND g.tgisinternal AND k.contype IN ('f', 'p', 'u', 'x') AND g.tgenabled <> 'O'`;

const UNCHECKED = `
  SELECT CASE WHEN COALESCE((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true) THEN 'not-valid' ELSE 'not-enforced' END,
    (pg_catalog.pg_identify_object(${catalog('pg_constraint')}, k.oid, 0)).identity
  FROM pg_catalog.pg_constraint k
  WHERE k.oid = ANY (ARRAY(${constraintsIn()})) AND k.contype IN ('c', 'f', 'n') AND NOT k.convalidated AND k.conparentid = 0 AND k.coninhcount = 0`;

const STATES = `${[INVALID_INDEXES, LOST_IDENTITIES, SWITCHED_OFF, UNCHECKED].join(' UNION ALL ')} ORDER BY 1, 2`;

export const readStates = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<ObjectState[]> => (await client.query<ObjectState>(STATES, [schemaOids])).rows;
