/** What the test of PostgreSQL's regression database expects, and why. Whatever is not here is a defect. */
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
  // One schema's objects use another's, or what belongs to no schema.
  /^A restore needs the (access method heap2|transform for integer (on )?language sql), /,
  /^A restore needs the (view|materialized view|type) (public|mvtest_mvschema)\.\w+, /,
  // pg_dump takes these with a whole database only.
  /^The (cast|event trigger|publication) .* is in no backup of a schema: create it again/,
  // They come back as they are.
  /^Constraints that (were never validated \(NOT VALID\)|are NOT ENFORCED) are restored as such, /,
  /^Unlogged tables lose their rows when the server crashes: /,
];

/** Of the verifications. */
export const UNVERIFIED: readonly RegExp[] = [
  // The view that it reads is in `public`, and has no rows in the scratch server.
  /^materialized view "(mvtest_mvschema|public)"\."mvtest_tvmm?": it has \d+ rows? once refreshed/,
  /: it is outside the schema; an empty one of its form stood in for it$/,
];

/** Of the swaps: the tests' own functions, as their owner is a superuser. */
export const RAN: readonly RegExp[] = [/^Code of the backup ran as "postgres", a superuser, /];

/** After a swap of all schemas. */
export const OTHERWISE: readonly RegExp[] = [
  // Belong to no schema, and go with the types that were put aside: no dump of a schema has them. The export warns of each.
  /^missing cast \(/,
  /^missing dependency cast \(/,
  // Restores mark what they make.
  /^added comment schema public$/,
  // No schema's either: it goes on with the function that was put aside, which the swap says.
  /^(changed event trigger|missing dependency event trigger) test_event_trigger_guc/,
  // Its view in `public` was put aside afterwards. PostgreSQL can't point a materialized view at another, which the swap says.
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

/** What the swaps say goes on with what was put aside. */
export const DEPENDENTS: readonly RegExp[] = [
  /^materialized view (public|mvtest_mvschema(_before_\w+)?)\.mvtest_tvmm?: not-replaceable$/,
  /^column testxmlschema\.test[23]\.\w+: types$/,
  /^(cast \(.*\)|event trigger test_event_trigger_guc): unknown$/,
];
