/** What the test of PostgreSQL's regression database expects, and why. Any other difference is a defect. */
export const MAJORS = [18, 15] as const;

const ON_BOTH: readonly string[] = [
  ...['fkpart3', 'fkpart4', 'fkpart5', 'fkpart6', 'mvtest_mvschema', 'pubme', 'pubme2', 'public'],
  ...['regress_indexing', 'regress_rls_schema', 'regress_schema_2', 'testxmlschema'],
];
const ON_18: readonly string[] = ['generated_stored_tests', 'generated_virtual_tests'];

/** The projects: all schemas of the fixture, in the order of their names. */
export const SCHEMAS = (major: number): readonly string[] =>
  [...ON_BOTH, ...(major >= 18 ? ON_18 : [])].sort();

/** Of the exports. */
export const WARNINGS: readonly RegExp[] = [
  // One schema's objects use another's, or objects that belong to no schema.
  /^A restore needs the (access method heap2|transform for integer (on )?language sql), /,
  /^A restore needs the (view|materialized view|type) (public|mvtest_mvschema)\.\w+, /,
  // pg_dump includes these only with a whole database.
  /^The (cast|event trigger|publication) .* is in no backup of a schema: create it again/,
  // They are restored unchanged.
  /^Constraints that (were never validated \(NOT VALID\)|are NOT ENFORCED) are restored as such, /,
  /^Unlogged tables lose their rows when the server crashes: /,
];

/** Of the verifications. */
export const UNVERIFIED: readonly RegExp[] = [
  // The view that it reads is in `public`, and has no rows in the scratch server.
  /^materialized view "(mvtest_mvschema|public)"\."mvtest_tvmm?": it has \d+ rows? once refreshed/,
  /: it is outside the schema; an empty placeholder of its form replaced it$/,
];

/** Of the swaps: the tests' own functions, as their owner is a superuser. */
export const RAN: readonly RegExp[] = [/^Code of the backup ran as "postgres", a superuser, /];

/** After a swap of all schemas. */
export const OTHERWISE: readonly RegExp[] = [
  // These belong to no schema, and follow the types that were set aside: no dump of a schema has them. The export warns of each.
  /^missing cast \(/,
  /^missing dependency cast \(/,
  // Restores mark what they create.
  /^added comment schema public$/,
  // Not in a schema either: it keeps using the function that was set aside, which the swap reports.
  /^(changed event trigger|missing dependency event trigger) test_event_trigger_guc/,
  // Its view in `public` was set aside afterwards. PostgreSQL can't redirect a materialized view, which the swap reports.
  /^changed (rule "_RETURN" on|view) mvtest_mvschema\.mvtest_tvm: .*public_before_/,
  /^missing dependency rule "_RETURN" on mvtest_mvschema\.mvtest_tvm -> view column public\.mvtest_tv\./,
  // Columns of other schemas that have types of `public`.
  /^missing dependency table column testxmlschema\.test[23]\.\w+ -> type public\./,
];

/** Of a copy beside. */
export const BESIDE: readonly RegExp[] = [
  ...OTHERWISE,
  // A generated column that holds the name of its own table (`tableoid`), which is the copy's.
  /^changed rows of public\.gtest_tableoid: /,
];

/** Objects that the swaps report as still using the schema that was set aside. */
export const DEPENDENTS: readonly RegExp[] = [
  /^materialized view (public|mvtest_mvschema(_before_\w+)?)\.mvtest_tvmm?: not-replaceable$/,
  /^column testxmlschema\.test[23]\.\w+: types$/,
  /^(cast \(.*\): (unknown|superuser)|event trigger test_event_trigger_guc: superuser)$/,
];
