/**
 * What PostgreSQL's catalogs hold of every user-defined object, as (name, definition): one query for each kind. Names are those of
 * pg_identify_object, and definitions hold no OIDs, so that two databases can be compared line by line.
 */
const MADE = "WHERE n.nspname !~ '^(pg_|information_schema$)'";
const SCHEMA = (column: string): string => `JOIN pg_namespace n ON n.oid = ${column} ${MADE}`;
const named = (catalog: string, oid: string): string =>
  `(pg_identify_object('pg_catalog.${catalog}'::regclass, ${oid}, 0)).identity AS name`;
const owner = (oid: string): string => `'owner', pg_get_userbyid(${oid})`;
/** Who may do what, in a fixed order; no list at all means the default one. */
const grants = (acl: string, kind: string, ownerOid: string): string => `'grants', (
  SELECT string_agg(concat_ws(' ', COALESCE(nullif(x.grantee, 0)::regrole::text, 'PUBLIC'), x.privilege_type, x.is_grantable, x.grantor::regrole), ', '
    ORDER BY COALESCE(nullif(x.grantee, 0)::regrole::text, 'PUBLIC'), x.privilege_type, x.grantor::regrole::text)
  FROM aclexplode(COALESCE(${acl}, acldefault('${kind}', ${ownerOid}))) x)`;
/** A whole catalog row without its OIDs and without the columns that are built from parts below. */
const rest = (row: string, ...without: string[]): string =>
  `to_jsonb(${row}) - ARRAY [${without.map((column) => `'${column}'`).join(', ')}]`;

export const CATALOG_QUERIES: Readonly<Record<string, string>> = {
  schema: `SELECT nspname AS name, jsonb_build_object(${owner('nspowner')}, ${grants('nspacl', 'n', 'nspowner')}) AS definition
    FROM pg_namespace n ${MADE}`,
  extension: `SELECT extname AS name, jsonb_build_array(extversion, extnamespace::regnamespace) AS definition FROM pg_extension`,
  relation: `SELECT ${named('pg_class', 'c.oid')}, jsonb_build_object('kind', c.relkind, ${owner('relowner')}, 'persistence', relpersistence,
      'options', reloptions, 'toast options', (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid), 'method', am.amname,
      'of type', nullif(reloftype, 0)::regtype, 'row security', relrowsecurity, 'forced', relforcerowsecurity, 'identity', relreplident,
      'populated', relispopulated, 'partition of', pg_get_expr(relpartbound, c.oid), 'partitioned by', CASE WHEN relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
      'parents', (SELECT array_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid),
      'far away', (SELECT jsonb_build_array(s.srvname, (SELECT array_agg(x ORDER BY x) FROM unnest(f.ftoptions) x)) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
      ${grants('relacl', 'r', 'relowner')}) AS definition
    FROM pg_class c LEFT JOIN pg_am am ON am.oid = c.relam ${SCHEMA('c.relnamespace')} AND c.relkind <> 'S'`,
  column: `SELECT format('%s %s %I', c.oid::regclass, rank() OVER (PARTITION BY c.oid ORDER BY attnum), attname) AS name,
      jsonb_build_object('type', format_type(atttypid, atttypmod), 'not null', attnotnull, 'identity', attidentity, 'generated', attgenerated,
      'default', pg_get_expr(d.adbin, d.adrelid), 'collation', nullif(attcollation, 0)::regcollation, 'storage', attstorage, 'compression', attcompression,
      'statistics', attstattarget, 'options', (SELECT array_agg(x) FROM unnest(attoptions) x WHERE x !~ '^pg_attver='), 'far options', attfdwoptions, 'local', attislocal, 'inherited', attinhcount,
      'grants', (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(attacl) x)) AS definition
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    ${SCHEMA('c.relnamespace')} AND attnum > 0 AND NOT attisdropped`,
  constraint: `SELECT format('%I on %s', conname, CASE WHEN conrelid <> 0 THEN conrelid::regclass::text ELSE contypid::regtype::text END) AS name,
      jsonb_build_array(pg_get_constraintdef(k.oid), convalidated, conislocal, coninhcount, connoinherit,
      (SELECT p.conname FROM pg_constraint p WHERE p.oid = k.conparentid)) AS definition
    FROM pg_constraint k ${SCHEMA('k.connamespace')} AND k.conparentid = 0`,
  index: `SELECT i.indexrelid::regclass::text AS name, jsonb_build_array(pg_get_indexdef(i.indexrelid), indisvalid, indisclustered, indisreplident, indisprimary,
      (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = i.indexrelid)) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid ${SCHEMA('c.relnamespace')}`,
  sequence: `SELECT c.oid::regclass::text AS name, ${rest('s', 'seqrelid', 'seqtypid')} || jsonb_build_object('type', seqtypid::regtype, ${owner('relowner')},
      ${grants('relacl', 's', 'relowner')}, 'persistence', relpersistence,
      'owned by', (SELECT pg_describe_object(refclassid, refobjid, refobjsubid) FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i') AND refobjsubid > 0)) AS definition
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid ${SCHEMA('c.relnamespace')}`,
  view: `SELECT c.oid::regclass::text AS name, to_jsonb(pg_get_viewdef(c.oid)) AS definition FROM pg_class c ${SCHEMA('c.relnamespace')} AND relkind IN ('v', 'm')`,
  rule: `SELECT format('%I on %s', rulename, ev_class::regclass) AS name, jsonb_build_array(pg_get_ruledef(r.oid), ev_enabled) AS definition
    FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class ${SCHEMA('c.relnamespace')}`,
  trigger: `SELECT format('%I on %s', tgname, tgrelid::regclass) AS name, jsonb_build_array(pg_get_triggerdef(t.oid), tgenabled) AS definition
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid ${SCHEMA('c.relnamespace')} AND NOT tgisinternal`,
  policy: `SELECT format('%I on %s', polname, polrelid::regclass) AS name, jsonb_build_array(polcmd, polpermissive, (SELECT array_agg(x::regrole::text ORDER BY x::regrole::text) FROM unnest(polroles) x),
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) AS definition
    FROM pg_policy p JOIN pg_class c ON c.oid = polrelid ${SCHEMA('c.relnamespace')}`,
  function: `SELECT p.oid::regprocedure::text AS name, jsonb_build_object('text', CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
      'arguments', pg_get_function_arguments(p.oid), 'result', pg_get_function_result(p.oid), ${owner('proowner')}, ${grants('proacl', 'f', 'proowner')},
      'aggregate', (SELECT to_jsonb(a) - ARRAY ['aggfnoid', 'aggsortop', 'aggtranstype', 'aggmtranstype'] || jsonb_build_array(aggtranstype::regtype, aggmtranstype::regtype)
        FROM pg_aggregate a WHERE aggfnoid = p.oid)) AS definition
    FROM pg_proc p ${SCHEMA('p.pronamespace')}`,
  type: `SELECT t.oid::regtype::text AS name, jsonb_build_object('kind', typtype, ${owner('typowner')}, ${grants('typacl', 'T', 'typowner')}, 'not null', typnotnull,
      'base', nullif(typbasetype, 0)::regtype, 'default', typdefault, 'collation', nullif(typcollation, 0)::regcollation, 'category', typcategory,
      'delimiter', typdelim, 'storage', typstorage, 'length', typlen, 'by value', typbyval, 'align', typalign, 'input', typinput, 'output', typoutput,
      'labels', (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
      'range', (SELECT jsonb_build_array(rngsubtype::regtype, rngcollation::regcollation, rngsubdiff, rngcanonical, rngmultitypid::regtype) FROM pg_range WHERE rngtypid = t.oid)) AS definition
    FROM pg_type t ${SCHEMA('t.typnamespace')}`,
  operator: `SELECT o.oid::regoperator::text AS name, ${rest('o', 'oid', 'oprnamespace', 'oprowner', 'oprleft', 'oprright', 'oprresult', 'oprcom', 'oprnegate')}
      || jsonb_build_object(${owner('oprowner')}, 'commutator', oprcom::regoperator, 'negator', oprnegate::regoperator) AS definition
    FROM pg_operator o ${SCHEMA('o.oprnamespace')}`,
  'operator class': `SELECT ${named('pg_opclass', 'o.oid')}, jsonb_build_array(pg_get_userbyid(opcowner), opcdefault, opcintype::regtype, (SELECT opfname FROM pg_opfamily WHERE oid = opcfamily)) AS definition
    FROM pg_opclass o ${SCHEMA('o.opcnamespace')}`,
  'operator family': `SELECT ${named('pg_opfamily', 'o.oid')}, jsonb_build_array(pg_get_userbyid(opfowner),
      (SELECT array_agg(format('%s %s', amopstrategy, amopopr::regoperator) ORDER BY format('%s %s', amopstrategy, amopopr::regoperator)) FROM pg_amop WHERE amopfamily = o.oid),
      (SELECT array_agg(format('%s %s', amprocnum, amproc::regprocedure) ORDER BY format('%s %s', amprocnum, amproc::regprocedure)) FROM pg_amproc WHERE amprocfamily = o.oid)) AS definition
    FROM pg_opfamily o ${SCHEMA('o.opfnamespace')}`,
  collation: `SELECT ${named('pg_collation', 'c.oid')}, ${rest('c', 'oid', 'collnamespace', 'collowner')} || jsonb_build_object(${owner('collowner')}) AS definition
    FROM pg_collation c ${SCHEMA('c.collnamespace')}`,
  conversion: `SELECT ${named('pg_conversion', 'c.oid')}, ${rest('c', 'oid', 'connamespace', 'conowner')} || jsonb_build_object(${owner('conowner')}) AS definition
    FROM pg_conversion c ${SCHEMA('c.connamespace')}`,
  'search configuration': `SELECT ${named('pg_ts_config', 'c.oid')}, jsonb_build_array(pg_get_userbyid(cfgowner), (SELECT prsname FROM pg_ts_parser WHERE oid = cfgparser),
      (SELECT array_agg(format('%s %s %s', maptokentype, mapseqno, mapdict::regdictionary) ORDER BY maptokentype, mapseqno) FROM pg_ts_config_map WHERE mapcfg = c.oid)) AS definition
    FROM pg_ts_config c ${SCHEMA('c.cfgnamespace')}`,
  'search dictionary': `SELECT ${named('pg_ts_dict', 'd.oid')}, jsonb_build_array(pg_get_userbyid(dictowner), dictinitoption, (SELECT tmplname FROM pg_ts_template WHERE oid = dicttemplate)) AS definition
    FROM pg_ts_dict d ${SCHEMA('d.dictnamespace')}`,
  'search template': `SELECT ${named('pg_ts_template', 't.oid')}, ${rest('t', 'oid', 'tmplnamespace')} AS definition FROM pg_ts_template t ${SCHEMA('t.tmplnamespace')}`,
  'search parser': `SELECT ${named('pg_ts_parser', 't.oid')}, ${rest('t', 'oid', 'prsnamespace')} AS definition FROM pg_ts_parser t ${SCHEMA('t.prsnamespace')}`,
  statistics: `SELECT ${named('pg_statistic_ext', 's.oid')}, jsonb_build_array(pg_get_statisticsobjdef(s.oid), pg_get_userbyid(stxowner), stxstattarget) AS definition
    FROM pg_statistic_ext s ${SCHEMA('s.stxnamespace')}`,
  'default privileges': `SELECT format('%s for %s in %s', defaclobjtype, defaclrole::regrole, nullif(defaclnamespace, 0)::regnamespace) AS name,
      jsonb_build_array((SELECT array_agg(x::text ORDER BY x::text) FROM unnest(defaclacl) x)) AS definition FROM pg_default_acl`,
  comment: `SELECT concat_ws(' ', o.type, o.identity) AS name, to_jsonb(description) AS definition
    FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) o WHERE d.objoid >= 16384`,
  cast: `SELECT ${named('pg_cast', 'c.oid')}, jsonb_build_array(castfunc::regprocedure, castcontext, castmethod) AS definition FROM pg_cast c WHERE c.oid >= 16384`,
  'event trigger': `SELECT quote_ident(evtname) AS name, jsonb_build_array(evtevent, evtfoid::regprocedure, evtenabled, evttags) AS definition FROM pg_event_trigger`,
  'access method': `SELECT quote_ident(amname) AS name, jsonb_build_array(amhandler, amtype) AS definition FROM pg_am WHERE oid >= 16384`,
  publication: `SELECT quote_ident(pubname) AS name, jsonb_build_array(puballtables, (SELECT array_agg(format('%s %s', schemaname, tablename) ORDER BY format('%s %s', schemaname, tablename)) FROM pg_publication_tables t WHERE t.pubname = p.pubname)) AS definition
    FROM pg_publication p`,
  'large object': `SELECT oid::text AS name, to_jsonb(md5(lo_get(oid))) AS definition FROM pg_largeobject_metadata`,
  // The whole graph of dependencies, so that objects without a query above are at least compared by existence and dependencies.
  dependency: `SELECT concat_ws(' ', o.type, o.identity, '->', r.type, r.identity, deptype) AS name, 'null'::jsonb AS definition
    FROM pg_depend d, LATERAL pg_identify_object(classid, objid, objsubid) o, LATERAL pg_identify_object(refclassid, refobjid, refobjsubid) r
    WHERE d.objid >= 16384 AND concat(o.identity, r.identity) !~ 'pg_toast|ConstraintTrigger_|pg_temp' GROUP BY 1`,
};
