/**
 * SQL that finds the objects of some schemas without reading those of others.
 *
 * The catalogs have no index that begins with the schema, so `relnamespace = ANY (...)` reads the rows of every schema of the database.
 * pg_depend has an index by the referenced object (pg_depend_reference_index), and each object in a schema depends on the schema, on its
 * table or on its type. Every step below is a look-up in an index:
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_depend.h
 *
 * A query selects objects of a schema with `oid = ANY (ARRAY(...))`. The server reads the array first, and then the index of the catalog,
 * whatever the statistics say. With `IN (...)`, a join, or a further condition on the schema, the planner may begin with all rows. An
 * EXISTS within an expression ends with `OFFSET 0`: without it, the planner may read all rows of its catalog into a hash table
 * (convert_EXISTS_to_ANY in src/backend/optimizer/plan/subselect.c).
 */
const catalog = (name: string): string => `'pg_catalog.${name}'::pg_catalog.regclass`;

/** SQL of the OIDs of the schemas whose names are in a parameter. */
export const namedSchemas = (parameter: string): string =>
  `ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (${parameter}))`;

export const NAMED_SCHEMAS = namedSchemas('$1');

/**
 * Oids of the objects in one catalog that depend on the schemas themselves: relations except indexes (in `pg_class`, without those of
 * composite types), types that stand alone, functions, operators and so on.
 * @param schemas SQL of an array of the schemas' oids
 */
export const membersIn = (name: string, schemas = '$1'): string =>
  `SELECT d.objid FROM pg_catalog.pg_depend d
      WHERE d.refclassid = ${catalog('pg_namespace')} AND d.refobjid = ANY (${schemas}) AND d.classid = ${catalog(name)}`;

/** SQL of an array of all rows of a subquery. */
const arrayOf = (subquery: string): string => `ARRAY(${subquery})`;

/** Indexes are in their tables' schemas, and depend on those alone. */
export const indexesIn = (schemas = '$1'): string =>
  `SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = ANY (${arrayOf(membersIn('pg_class', schemas))})`;

/** Each composite type has a relation, which holds its attributes. */
export const compositesIn = (schemas = '$1'): string =>
  `SELECT t.typrelid FROM pg_catalog.pg_type t WHERE t.oid = ANY (${arrayOf(membersIn('pg_type', schemas))}) AND t.typrelid <> 0`;

/** Types that are created with others and have no schema of their own in pg_depend: multiranges, row types of tables, arrays of all. */
export const dependentTypesIn = (schemas = '$1'): string => {
  const alone = membersIn('pg_type', schemas);
  const multiranges = `SELECT r.rngmultitypid FROM pg_catalog.pg_range r WHERE r.rngtypid = ANY (${arrayOf(alone)})`;
  const rowTypes = `SELECT c.reltype FROM pg_catalog.pg_class c WHERE c.oid = ANY (${arrayOf(membersIn('pg_class', schemas))}) AND c.reltype <> 0`;
  return `${multiranges} UNION ALL ${rowTypes}
      UNION ALL SELECT t.typarray FROM pg_catalog.pg_type t
        WHERE t.oid = ANY (${arrayOf(`${alone} UNION ALL ${multiranges} UNION ALL ${rowTypes}`)}) AND t.typarray <> 0`;
};

/** All types. */
export const typesIn = (schemas = '$1'): string =>
  `${membersIn('pg_type', schemas)} UNION ALL ${dependentTypesIn(schemas)}`;

/** Of tables and of domains. Nearly all constraints have the same `contypid`, 0, so that its index seems to be of no use. */
export const constraintsIn = (schemas = '$1'): string =>
  `SELECT k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid = ANY (${arrayOf(membersIn('pg_class', schemas))})
      UNION ALL SELECT o.objid FROM pg_catalog.pg_depend o
        WHERE o.refclassid = ${catalog('pg_type')} AND o.refobjid = ANY (${arrayOf(membersIn('pg_type', schemas))})
          AND o.classid = ${catalog('pg_constraint')} AND o.deptype = 'a'`;
