import { membersIn } from '../schema-members.ts';
import { comment, identity, NOT_OF_EXTENSION } from './query-fragments.ts';

/** Like definition-queries.ts, for operators, operator classes and families. */
const TYPE = 'pg_catalog.regtype';
const OPERATOR = 'pg_catalog.regoperator';

const family = (oid: string): string =>
  `(SELECT pg_catalog.format('%I.%I', n.nspname, f.opfname) FROM pg_catalog.pg_opfamily f
        JOIN pg_catalog.pg_namespace n ON n.oid = f.opfnamespace WHERE f.oid = ${oid})`;

const method = (oid: string): string =>
  `(SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = ${oid})`;

/** Operators and functions of a family whose left argument has the type `left`. */
const members = (oid: string, left = ''): string => `
        'operators', (SELECT pg_catalog.jsonb_agg(e.entry ORDER BY e.entry::text COLLATE "C") FROM (
          SELECT pg_catalog.jsonb_build_array(a.amoplefttype::${TYPE}, a.amoprighttype::${TYPE}, a.amopstrategy, a.amoppurpose, a.amopopr::${OPERATOR},
            ${family('a.amopsortfamily')}) AS entry
          FROM pg_catalog.pg_amop a WHERE a.amopfamily = ${oid}${left && ` AND a.amoplefttype = ${left}`}) e),
        'functions', (SELECT pg_catalog.jsonb_agg(e.entry ORDER BY e.entry::text COLLATE "C") FROM (
          SELECT pg_catalog.jsonb_build_array(a.amproclefttype::${TYPE}, a.amprocrighttype::${TYPE}, a.amprocnum, a.amproc::pg_catalog.oid::pg_catalog.regprocedure) AS entry
          FROM pg_catalog.pg_amproc a WHERE a.amprocfamily = ${oid}${left && ` AND a.amproclefttype = ${left}`}) e)`;

export const OPERATOR_QUERIES: Readonly<Record<string, string>> = {
  // An operator that another one names and that was never created has no function, and is in no dump.
  operator: `
    SELECT ${identity('pg_operator', 'o.oid')}, pg_catalog.to_jsonb(o) - ARRAY['oid', 'oprnamespace', 'oprowner', 'oprleft', 'oprright', 'oprresult', 'oprcom',
        'oprnegate', 'oprcode'] || pg_catalog.jsonb_build_object('result', o.oprresult::${TYPE}, 'function', o.oprcode::pg_catalog.oid::pg_catalog.regprocedure,
        'commutator', o.oprcom::${OPERATOR}, 'negator', o.oprnegate::${OPERATOR}, ${comment('pg_operator', 'o.oid')}) AS facts, ARRAY[]::text[] AS expressions
    FROM pg_catalog.pg_operator o WHERE o.oid = ANY (ARRAY(${membersIn('pg_operator')})) AND o.oprcode <> 0 AND ${NOT_OF_EXTENSION('pg_operator', 'o.oid')}
    ORDER BY 1`,

  'operator class': `
    SELECT ${identity('pg_opclass', 'o.oid')}, pg_catalog.jsonb_build_object('method', ${method('o.opcmethod')}, 'default', o.opcdefault,
        'type', o.opcintype::${TYPE}, 'stored', o.opckeytype::${TYPE}, 'family', ${family('o.opcfamily')}, ${comment('pg_opclass', 'o.oid')},
        ${members('o.opcfamily', 'o.opcintype')}) AS facts, ARRAY[]::text[] AS expressions
    FROM pg_catalog.pg_opclass o WHERE o.oid = ANY (ARRAY(${membersIn('pg_opclass')})) AND ${NOT_OF_EXTENSION('pg_opclass', 'o.oid')}
    ORDER BY 1`,

  'operator family': `
    SELECT ${identity('pg_opfamily', 'o.oid')}, pg_catalog.jsonb_build_object('method', ${method('o.opfmethod')}, ${comment('pg_opfamily', 'o.oid')},
        ${members('o.oid')}) AS facts, ARRAY[]::text[] AS expressions
    FROM pg_catalog.pg_opfamily o WHERE o.oid = ANY (ARRAY(${membersIn('pg_opfamily')})) AND ${NOT_OF_EXTENSION('pg_opfamily', 'o.oid')}
    ORDER BY 1`,
};
