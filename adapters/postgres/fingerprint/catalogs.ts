/**
 * The catalogs whose rows decide what pg_dump writes for a schema, and the column by which a row is found through an index.
 * https://www.postgresql.org/docs/current/catalogs.html
 */

/** SQL of a catalog's own OID. */
export const catalog = (name: string): string => `'pg_catalog.${name}'::pg_catalog.regclass`;

/** Catalogs of objects that can be in a schema, or belong to one that is. */
export const OWN_CATALOGS: readonly string[] = [
  'pg_namespace',
  'pg_class',
  'pg_type',
  'pg_proc',
  'pg_constraint',
  'pg_attrdef',
  'pg_trigger',
  'pg_rewrite',
  'pg_policy',
  'pg_operator',
  'pg_opclass',
  'pg_opfamily',
  'pg_amop',
  'pg_amproc',
  'pg_collation',
  'pg_conversion',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
  'pg_statistic_ext',
  'pg_default_acl',
  'pg_extension',
];

/** Those of them whose objects have owners or grants, or name roles. */
export const OWNED_CATALOGS: readonly string[] = OWN_CATALOGS.filter(
  (name) =>
    ![
      'pg_constraint',
      'pg_attrdef',
      'pg_trigger',
      'pg_rewrite',
      'pg_amop',
      'pg_amproc',
      'pg_ts_parser',
      'pg_ts_template',
    ].includes(name),
);

/** Catalogs without objects of their own: the catalog, the catalog of the object that a row belongs to, the column with its OID. */
export const PARTS: readonly (readonly [string, string, string])[] = [
  ['pg_attribute', 'pg_class', 'attrelid'],
  ['pg_index', 'pg_class', 'indexrelid'],
  ['pg_inherits', 'pg_class', 'inhrelid'],
  ['pg_partitioned_table', 'pg_class', 'partrelid'],
  ['pg_sequence', 'pg_class', 'seqrelid'],
  ['pg_foreign_table', 'pg_class', 'ftrelid'],
  ['pg_enum', 'pg_type', 'enumtypid'],
  ['pg_range', 'pg_type', 'rngtypid'],
  ['pg_aggregate', 'pg_proc', 'aggfnoid'],
  ['pg_ts_config_map', 'pg_ts_config', 'mapcfg'],
];

/** Notes on objects, with the columns that tell several of one object apart. */
export const NOTES: readonly (readonly [string, string])[] = [
  ['pg_description', ''],
  ['pg_seclabel', ', c.provider'],
  ['pg_init_privs', ''],
];

/**
 * What of a row elsewhere a definition shows. A whole row would also change when a role is granted something, as happens to
 * shared objects with every new tenant.
 */
interface Outside {
  readonly catalog: string;
  /** Column of its schema: definitions write names in full. */
  readonly schema?: string;
  /** Name, and other columns; without these, the row as a whole, by its `xmin`. */
  readonly name?: string;
  readonly columns?: readonly string[];
}

export const OUTSIDE_CATALOGS: readonly Outside[] = [
  { catalog: 'pg_class', schema: 'relnamespace', name: 'relname', columns: ['relkind'] },
  {
    catalog: 'pg_type',
    schema: 'typnamespace',
    name: 'typname',
    columns: ['typtype', 'typrelid', 'typelem', 'typbasetype', 'typtypmod', 'typmodout::oid'],
  },
  {
    catalog: 'pg_proc',
    schema: 'pronamespace',
    name: 'proname',
    columns: [
      'prokind',
      'proretset',
      'provariadic',
      'prorettype',
      'proargtypes',
      'proallargtypes',
      'proargmodes',
      'proargnames',
    ],
  },
  { catalog: 'pg_operator', schema: 'oprnamespace' },
  { catalog: 'pg_opclass', schema: 'opcnamespace' },
  { catalog: 'pg_opfamily', schema: 'opfnamespace' },
  { catalog: 'pg_collation', schema: 'collnamespace' },
  { catalog: 'pg_conversion', schema: 'connamespace' },
  { catalog: 'pg_ts_config', schema: 'cfgnamespace' },
  { catalog: 'pg_ts_dict', schema: 'dictnamespace' },
  { catalog: 'pg_ts_parser', schema: 'prsnamespace' },
  { catalog: 'pg_ts_template', schema: 'tmplnamespace' },
  { catalog: 'pg_constraint', schema: 'connamespace' },
  { catalog: 'pg_statistic_ext', schema: 'stxnamespace' },
  { catalog: 'pg_extension', schema: 'extnamespace' },
  { catalog: 'pg_namespace', name: 'nspname' },
  { catalog: 'pg_language', name: 'lanname' },
  { catalog: 'pg_foreign_server', name: 'srvname' },
  { catalog: 'pg_foreign_data_wrapper', name: 'fdwname' },
  { catalog: 'pg_am' },
  { catalog: 'pg_trigger' },
  { catalog: 'pg_transform' },
];

/** What a type `t` is made of: elements, a domain's base, attributes, a range's bounds. Types without are 0. */
export const INNER_TYPES = `
      SELECT t.typelem UNION ALL SELECT t.typbasetype
      UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0
      UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
      UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid`;
