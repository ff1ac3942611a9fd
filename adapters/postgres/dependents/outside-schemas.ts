import { commented, isMemberType, ownedBy } from './dependent-rows.ts';

/**
 * Dependents that belong to no schema: casts, transforms and event triggers. A cast or a transform belongs to its types, so the restored types
 * have none, and the old ones keep theirs. The statements are for people: no swap runs them, because an undo would find both.
 */
const QUALIFIED = (oid: string): string => `${oid}::pg_catalog.regprocedure::text`;

const CAST = `pg_catalog.format('(%s AS %s)', pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL))`;

/** If neither of its types is the schema's, only its function is, and it has to be dropped first. */
export const CASTS = `
  SELECT 'cast' AS kind, cast_of.name, ${ownedBy('t.typowner')},
    CASE WHEN c.castmethod = 'b' THEN 'superuser' ELSE 'unknown' END AS obstacle,
    CASE WHEN ${isMemberType('c.castsource')} OR ${isMemberType('c.casttarget')} THEN '{}'::text[] ELSE ARRAY['DROP CAST ' || cast_of.name] END
    || ARRAY[pg_catalog.concat('CREATE CAST ', cast_of.name,
      CASE c.castmethod WHEN 'f' THEN ' WITH FUNCTION ' || ${QUALIFIED('c.castfunc')} WHEN 'i' THEN ' WITH INOUT' ELSE ' WITHOUT FUNCTION' END,
      CASE c.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' END)]
    || ${commented(`'CAST ' || cast_of.name`, `pg_catalog.obj_description(c.oid, 'pg_cast')`)} AS statements
  FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type t ON t.oid = c.castsource, LATERAL (SELECT ${CAST} AS name) cast_of
  WHERE c.oid = ANY ($1) ORDER BY c.oid`;

export const TRANSFORMS = `
  SELECT 'transform' AS kind, transform_of.name, ${ownedBy('t.typowner')}, 'unknown' AS obstacle,
    CASE WHEN ${isMemberType('r.trftype')} THEN '{}'::text[] ELSE ARRAY['DROP TRANSFORM ' || transform_of.name] END
    || ARRAY[pg_catalog.format('CREATE TRANSFORM %s (%s)', transform_of.name, pg_catalog.concat_ws(', ',
      CASE WHEN r.trffromsql::pg_catalog.oid <> 0 THEN 'FROM SQL WITH FUNCTION ' || ${QUALIFIED('r.trffromsql')} END,
      CASE WHEN r.trftosql::pg_catalog.oid <> 0 THEN 'TO SQL WITH FUNCTION ' || ${QUALIFIED('r.trftosql')} END))] AS statements
  FROM pg_catalog.pg_transform r JOIN pg_catalog.pg_type t ON t.oid = r.trftype JOIN pg_catalog.pg_language l ON l.oid = r.trflang,
    LATERAL (SELECT pg_catalog.format('FOR %s LANGUAGE %I', pg_catalog.format_type(r.trftype, NULL), l.lanname) AS name) transform_of
  WHERE r.oid = ANY ($1) ORDER BY r.oid`;

const TAGS = `(SELECT ' WHEN TAG IN (' || pg_catalog.string_agg(pg_catalog.quote_literal(tag), ', ') || ')' FROM pg_catalog.unnest(e.evttags) AS tag)`;

/** It fires for the whole database, and only a superuser may create one. */
export const EVENT_TRIGGERS = `
  SELECT 'event trigger' AS kind, pg_catalog.quote_ident(e.evtname) AS name, pg_catalog.pg_get_userbyid(e.evtowner)::text AS owner, false AS settable, 'superuser' AS obstacle,
    ARRAY[pg_catalog.format('DROP EVENT TRIGGER %I', e.evtname),
      pg_catalog.format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %s', e.evtname, e.evtevent, ${TAGS}, ${QUALIFIED('e.evtfoid')}),
      pg_catalog.format('ALTER EVENT TRIGGER %I OWNER TO %I', e.evtname, pg_catalog.pg_get_userbyid(e.evtowner))]
    || CASE WHEN e.evtenabled = 'O' THEN '{}'::text[] ELSE ARRAY[pg_catalog.format('ALTER EVENT TRIGGER %I %s', e.evtname,
      CASE e.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END)] END
    || ${commented(`pg_catalog.format('EVENT TRIGGER %I', e.evtname)`, `pg_catalog.obj_description(e.oid, 'pg_event_trigger')`)} AS statements
  FROM pg_catalog.pg_event_trigger e WHERE e.oid = ANY ($1) ORDER BY e.oid`;
