import { catalog } from '../outside-dependencies.ts';

/** Pieces of SQL for the queries of definitions. */
export const identity = (name: string, oid: string): string =>
  `(pg_catalog.pg_identify_object(${catalog(name)}, ${oid}, 0)).identity AS name`;

export const NOT_OF_EXTENSION = (name: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = ${catalog(name)} AND e.objid = ${oid} AND e.deptype = 'e')`;

export const comment = (name: string, oid: string): string =>
  `'comment', pg_catalog.md5(pg_catalog.obj_description(${oid}, '${name}'))`;

export const sorted = (array: string): string =>
  `(SELECT pg_catalog.array_agg(o ORDER BY o COLLATE "C") FROM pg_catalog.unnest(${array}) o)`;

export const collation = (oid: string): string => `NULLIF(${oid}, 0)::pg_catalog.regcollation`;
