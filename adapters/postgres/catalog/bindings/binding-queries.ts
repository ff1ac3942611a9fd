import { catalog, FIRST_NORMAL_OID } from '../outside-dependencies.ts';
import { constraintsIn, membersIn } from '../schema-members.ts';

/**
 * SQL that reads which operators stored expressions are bound to. Their text does not always show it: it has no syntax for an operator's
 * schema in `JOIN ... USING`, `CASE x WHEN y`, `IS DISTINCT FROM` and `NULLIF`, and for one operator only in a comparison of rows. The
 * stored form (`pg_node_tree`) has the OID of each. An expression that uses an operator from outside pg_catalog has an entry for it in
 * pg_depend. Others are not read.
 */
const identity = (name: string, oid: string, column = '0'): string =>
  `(pg_catalog.pg_identify_object(${catalog(name)}, ${oid}, ${column})).identity`;

interface Holder {
  readonly classid: string;
  readonly objid: string;
  readonly kind: string;
  readonly name: string;
  /** OID of the schema, and name of the object in the statement that creates the expression. */
  readonly namespace: string;
  readonly of: string;
  readonly trees: readonly string[];
  /** The expression as the server writes it. */
  readonly written: string;
  readonly from: string;
  /** SQL, true for those that belong to the schemas. */
  readonly within: string;
}

const TABLE = 'pg_catalog.pg_class c ON c.oid =';

const HOLDERS: readonly Holder[] = [
  {
    classid: catalog('pg_rewrite'),
    objid: 'r.oid',
    kind: `CASE WHEN r.rulename = '_RETURN' THEN 'view' ELSE 'rule' END`,
    name: `CASE WHEN r.rulename = '_RETURN' THEN ${identity('pg_class', 'c.oid')} ELSE ${identity('pg_rewrite', 'r.oid')} END`,
    namespace: 'c.relnamespace',
    of: 'c.relname',
    trees: ['r.ev_action', 'r.ev_qual'],
    written: `CASE WHEN r.rulename = '_RETURN' THEN pg_catalog.pg_get_viewdef(c.oid) ELSE pg_catalog.pg_get_ruledef(r.oid) END`,
    from: `pg_catalog.pg_rewrite r JOIN ${TABLE} r.ev_class`,
    within: `r.ev_class = ANY (ARRAY(${membersIn('pg_class')}))`,
  },
  // The entry of a generated column may be that of the column.
  ...['d.oid', 'd.adrelid'].map((objid, i) => ({
    classid: catalog(i ? 'pg_class' : 'pg_attrdef'),
    objid,
    kind: `'column'`,
    name: identity('pg_class', 'c.oid', 'd.adnum'),
    namespace: 'c.relnamespace',
    of: 'c.relname',
    trees: ['d.adbin'],
    written: 'pg_catalog.pg_get_expr(d.adbin, d.adrelid)',
    from: `pg_catalog.pg_attrdef d JOIN ${TABLE} d.adrelid`,
    within: `d.adrelid = ANY (ARRAY(${membersIn('pg_class')}))`,
  })),
  {
    classid: catalog('pg_constraint'),
    objid: 'k.oid',
    kind: `'constraint'`,
    name: identity('pg_constraint', 'k.oid'),
    namespace: 'k.connamespace',
    of: 'COALESCE(c.relname, t.typname)',
    trees: ['k.conbin'],
    written: 'pg_catalog.pg_get_constraintdef(k.oid)',
    from: `pg_catalog.pg_constraint k LEFT JOIN ${TABLE} k.conrelid LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid`,
    within: `k.oid = ANY (ARRAY(${constraintsIn()}))`,
  },
  {
    classid: catalog('pg_trigger'),
    objid: 'g.oid',
    kind: `'trigger'`,
    name: identity('pg_trigger', 'g.oid'),
    namespace: 'c.relnamespace',
    of: 'c.relname',
    trees: ['g.tgqual'],
    written: 'pg_catalog.pg_get_triggerdef(g.oid)',
    from: `pg_catalog.pg_trigger g JOIN ${TABLE} g.tgrelid`,
    within: `g.tgrelid = ANY (ARRAY(${membersIn('pg_class')}))`,
  },
  {
    classid: catalog('pg_policy'),
    objid: 'p.oid',
    kind: `'policy'`,
    name: identity('pg_policy', 'p.oid'),
    namespace: 'c.relnamespace',
    of: 'c.relname',
    trees: ['p.polqual', 'p.polwithcheck'],
    written: `pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))`,
    from: `pg_catalog.pg_policy p JOIN ${TABLE} p.polrelid`,
    within: `p.polrelid = ANY (ARRAY(${membersIn('pg_class')}))`,
  },
  {
    classid: catalog('pg_class'),
    objid: 'i.indexrelid',
    kind: `'index'`,
    name: identity('pg_class', 'i.indexrelid'),
    namespace: 'c.relnamespace',
    of: 'c.relname',
    trees: ['i.indexprs', 'i.indpred'],
    written: `pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid))`,
    from: `pg_catalog.pg_index i JOIN ${TABLE} i.indrelid`,
    within: `i.indrelid = ANY (ARRAY(${membersIn('pg_class')}))`,
  },
  {
    classid: catalog('pg_statistic_ext'),
    objid: 's.oid',
    kind: `'statistics'`,
    name: identity('pg_statistic_ext', 's.oid'),
    namespace: 's.stxnamespace',
    of: 's.stxname',
    trees: ['s.stxexprs'],
    written: 'pg_catalog.pg_get_statisticsobjdef(s.oid)',
    from: 'pg_catalog.pg_statistic_ext s',
    within: `s.oid = ANY (ARRAY(${membersIn('pg_statistic_ext')}))`,
  },
  {
    classid: catalog('pg_proc'),
    objid: 'p.oid',
    kind: `'function'`,
    name: identity('pg_proc', 'p.oid'),
    namespace: 'p.pronamespace',
    of: 'p.proname',
    trees: ['p.prosqlbody', 'p.proargdefaults'],
    written: `pg_catalog.concat_ws(' ', pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_sqlbody(p.oid))`,
    from: 'pg_catalog.pg_proc p',
    within: `p.oid = ANY (ARRAY(${membersIn('pg_proc')}))`,
  },
  {
    classid: catalog('pg_type'),
    objid: 't.oid',
    kind: `'type'`,
    name: identity('pg_type', 't.oid'),
    namespace: 't.typnamespace',
    of: 't.typname',
    trees: ['t.typdefaultbin'],
    written: 't.typdefault',
    from: 'pg_catalog.pg_type t',
    within: `t.oid = ANY (ARRAY(${membersIn('pg_type')}))`,
  },
  {
    classid: catalog('pg_class'),
    objid: 'c.oid',
    kind: `'table'`,
    name: identity('pg_class', 'c.oid'),
    namespace: 'c.relnamespace',
    of: 'c.relname',
    trees: ['k.partexprs'],
    written: 'pg_catalog.pg_get_partkeydef(c.oid)',
    from: `pg_catalog.pg_partitioned_table k JOIN ${TABLE} k.partrelid`,
    within: `k.partrelid = ANY (ARRAY(${membersIn('pg_class')}))`,
  },
];

const OPERATOR = catalog('pg_operator');

/** SQL, true if an object's expressions use an operator from outside pg_catalog. An operator class or family has none. */
const usesOperator = ({
  classid,
  objid,
}: Holder): string => `EXISTS (SELECT FROM pg_catalog.pg_depend x
      WHERE x.classid = ${classid} AND x.objid = ${objid} AND x.refclassid = ${OPERATOR} AND x.refobjid >= ${FIRST_NORMAL_OID})`;

const treeOf = (trees: readonly string[]): string =>
  `pg_catalog.concat_ws(' ', ${trees.map((tree) => `${tree}::text`).join(', ')})`;

const arm = (one: Holder, which: 'dependent' | 'of'): string => {
  const { kind, name, namespace, of, trees, written, from, within } = one;
  return `
    SELECT ${kind} AS kind, ${name} AS name, ${namespace} AS namespace, ${of} AS of, ${treeOf(trees)} AS tree, ${written} AS written
    FROM ${from} WHERE ${within} AND ${
      which === 'of'
        ? `(${namespace}, ${of}) IN (SELECT n.oid, w.name FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS w (schema, name) JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema)`
        : usesOperator(one)
    } AND COALESCE(${trees.join(', ')}) IS NOT NULL`;
};

/** Names in a tree are written with a backslash before each space, and constants as numbers of bytes: neither looks like a field. */
const read = (which: 'dependent' | 'of'): string => `
  WITH holders AS MATERIALIZED (
    ${HOLDERS.map((one) => arm(one, which)).join('\n    UNION ')}
  ), used AS (
    SELECT h.kind, h.name, h.of, h.namespace, h.written, h.tree, (
      SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', o.oid::pg_catalog.regoperator::text, 'schema', n.nspname, 'times', u.times)
          ORDER BY o.oid::pg_catalog.regoperator::text COLLATE "C")
      FROM (
        SELECT f.oid, pg_catalog.count(*) AS times FROM (
          SELECT m[1]::pg_catalog.oid FROM pg_catalog.regexp_matches(h.tree, ':opno (\\d+)', 'g') m
          UNION ALL SELECT l::pg_catalog.oid FROM pg_catalog.regexp_matches(h.tree, ':opnos \\(o ([ \\d]+)\\)', 'g') m, pg_catalog.unnest(pg_catalog.string_to_array(m[1], ' ')) l
        ) f (oid) GROUP BY 1
      ) u JOIN pg_catalog.pg_operator o ON o.oid = u.oid JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
      WHERE o.oid >= ${FIRST_NORMAL_OID}
    ) AS operators
    FROM holders h
  )
  SELECT u.kind, u.name, n.nspname AS schema, u.of, COALESCE(u.operators, '[]') AS operators,
    ARRAY(SELECT DISTINCT m[1]::pg_catalog.oid::pg_catalog.regprocedure::text COLLATE "C"
      FROM pg_catalog.regexp_matches(u.tree, ':(?:funcid|aggfnoid|winfnoid) (\\d+)', 'g') m
      WHERE u.operators IS NOT NULL AND m[1]::pg_catalog.oid >= ${FIRST_NORMAL_OID} ORDER BY 1) AS functions,
    (SELECT pg_catalog.sum((e ->> 'times')::int) FROM pg_catalog.jsonb_array_elements(u.operators) e)
      > (SELECT pg_catalog.count(*) FROM pg_catalog.regexp_matches(u.written, '\\mOPERATOR\\(', 'g')) AS unqualified
  FROM used u JOIN pg_catalog.pg_namespace n ON n.oid = u.namespace
  WHERE ${which === 'of' ? 'true' : 'u.operators IS NOT NULL'}
  ORDER BY u.kind COLLATE "C", u.name COLLATE "C"`;

/** @param $1 OIDs of the schemas */
export const BOUND = read('dependent');

/**
 * Everything with an expression that belongs to the named objects, whatever operators it uses.
 * @param $2, $3 their schemas and names
 */
export const BOUND_OF = read('of');
