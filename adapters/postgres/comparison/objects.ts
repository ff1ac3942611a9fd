import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { type Definition, type Manifest, tableKey } from '../../../core/manifest.ts';
import { majorOfVersion } from '../../../core/programs.ts';
import { bindingDifferences } from '../catalog/bindings/operator-bindings.ts';
import {
  type Defined as DefinedObject,
  foreignKeyOf,
  type Rule,
  readDefinitions,
  ruleOf,
} from '../catalog/definitions/definitions.ts';
import type { Differences } from './differences.ts';
import type { RestoredContents } from './read-restored.ts';

/** That each object of the inventory is there, is what it was, and that there is no other. */
export interface LeftOutKey {
  readonly table: { readonly schema: string; readonly name: string };
  readonly name: string;
  /** `FOREIGN KEY (a) REFERENCES s.t(b) ...` */
  readonly definition: string;
  readonly valid: boolean;
}

interface Expectation {
  readonly manifest: Manifest;
  readonly serverMajor: number;
  readonly leftOutKeys: readonly LeftOutKey[];
  /** True where owners and grants were restored, all of them. */
  readonly accessKept?: boolean;
  /** Said elsewhere to be other than they were, as `keyOf`. */
  readonly excused?: ReadonlySet<string>;
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

const LISTED = [
  ['table', 'tables'],
  ['sequence', 'sequences'],
  ['view', 'views'],
  ['function', 'functions'],
  ['type', 'types'],
  ['trigger', 'triggers'],
  ['policy', 'policies'],
] as const;

/** By the manifest's lists of names, which every manifest has. */
const compareNames = (
  manifest: Manifest,
  { tables, sequences, names }: RestoredContents,
  found: Differences,
): number => {
  const there = { ...names, tables: [...tables.values()], sequences: [...sequences.values()] };
  let compared = 0;
  for (const [kind, list] of LISTED) {
    const was: readonly Named[] = manifest[list];
    const is: readonly Named[] = there[list];
    const keysOf = (all: readonly Named[]) =>
      new Set(all.map(({ schema, name }) => tableKey(schema, name)));
    const expected = keysOf(was);
    const present = keysOf(is);
    const line = ({ schema, name }: Named): string => `${kind} ${quoted(schema)}.${quoted(name)}`;
    for (const one of was) {
      compared += 1;
      if (!present.has(tableKey(one.schema, one.name))) found.add(`${line(one)} is missing`);
    }
    for (const one of is) {
      if (!expected.has(tableKey(one.schema, one.name)))
        found.add(`${line(one)} is there, and was not`);
    }
  }
  return compared;
};

const keyOf = ({ kind, name }: Pick<Definition, 'kind' | 'name'>): string => `${kind} ${name}`;

/** Keys that were left out, as if they were there: under names as the server writes them. */
const definedByText = async (
  client: pg.Client,
  keys: readonly LeftOutKey[],
  rule: Rule | undefined,
): Promise<DefinedObject[]> => {
  const found = await client.query<{ name: string }>(
    `SELECT pg_catalog.format('%I on %I.%I', k.key, k.schema, k.name) AS name
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (key, schema, name, i) ORDER BY i`,
    [
      keys.map(({ name }) => name),
      keys.map(({ table }) => table.schema),
      keys.map(({ table }) => table.name),
    ],
  );
  return keys.map(({ definition, valid }, i) =>
    foreignKeyOf(found.rows[i]?.name ?? '', definition, valid, rule),
  );
};

/** Those that are there, with their digests, and those that are to be. */
interface Defined {
  readonly expected: readonly Definition[];
  readonly is: ReadonlyMap<string, DefinedObject>;
}

const defined = async (
  client: pg.Client,
  expected: readonly Definition[],
  { schemaOids }: RestoredContents,
  { leftOutKeys }: Expectation,
): Promise<Defined> => {
  const rule = ruleOf(expected);
  const wanted = new Set(expected.map(keyOf));
  // One that is an extension's own at home is in no backup, and was made here for what is in it.
  const made = (await readDefinitions(client, schemaOids, rule)).filter(
    (one) => one.kind !== 'schema' || wanted.has(keyOf(one)),
  );
  const is = [...made, ...(await definedByText(client, leftOutKeys, rule))];
  return { expected, is: new Map(is.map((one) => [keyOf(one), one])) };
};

/** A name with its kind is said as the server writes it. */
const compareDigests = (
  { expected, is }: Defined,
  { accessKept, excused }: Expectation,
  found: Differences,
): void => {
  for (const one of expected) {
    if (excused?.has(keyOf(one))) continue;
    const there = is.get(keyOf(one));
    if (there === undefined) found.add(`${keyOf(one)} is missing`);
    else if (there.digest !== one.digest && there.otherDigest !== one.digest)
      found.add(`${keyOf(one)} is not defined as it was`);
    if (accessKept && there && one.access !== undefined && there.access !== one.access)
      found.add(`${keyOf(one)} has not the owner and the grants that it had`);
  }
  const known = new Set(expected.map(keyOf));
  for (const key of is.keys()) if (!known.has(key)) found.add(`${key} is there, and was not`);
};

/** What the lists of names don't have. A server of another major may have more: a constraint for each NOT NULL from 18 on. */
const comparePresence = (
  { expected, is }: Defined,
  { excused }: Expectation,
  found: Differences,
): void => {
  const listed: readonly string[] = LISTED.map(([kind]) => kind);
  for (const one of expected) {
    if (!listed.includes(one.kind) && !is.has(keyOf(one)) && !excused?.has(keyOf(one)))
      found.add(`${keyOf(one)} is missing`);
  }
};

const OTHER_RULE =
  'definitions: only their names were compared, since the backup is of another version of Larder, which looked at them by another rule';

export const compareObjects = async (
  client: pg.Client,
  contents: RestoredContents,
  expectation: Expectation,
  found: Differences,
): Promise<{ compared: number; notes: string[] }> => {
  const { manifest, serverMajor, leftOutKeys } = expectation;
  const notes = leftOutKeys.map(
    ({ table, name }) =>
      `foreign key ${quoted(name)} of ${quoted(table.schema)}.${quoted(table.name)}: it leads to a table outside the schema, whose rows the backup does not hold`,
  );
  const { definitions } = manifest;
  if (!definitions) {
    const missing = 'indexes, constraints and definitions: the manifest does not list them';
    return { compared: compareNames(manifest, contents, found), notes: [...notes, missing] };
  }
  const all = await defined(client, definitions, contents, expectation);
  const sameMajor = serverMajor === majorOfVersion(manifest.source.serverVersion);
  const sameRule = ruleOf(definitions) !== undefined;
  if (sameMajor && sameRule) {
    compareDigests(all, expectation, found);
  } else {
    compareNames(manifest, contents, found);
    comparePresence(all, expectation, found);
  }
  const bound = manifest.operatorBindings;
  if (bound) {
    const { schemaOids } = contents;
    const isOurs = (_: unknown, key: string): boolean => !expectation.excused?.has(key);
    const lines = await bindingDifferences(client, {
      schemaOids,
      expected: bound,
      sameMajor,
      isOurs,
    });
    for (const line of lines) found.add(line);
  }
  // Of another major, who compares says so.
  if (sameMajor && !sameRule) notes.push(OTHER_RULE);
  return { compared: all.expected.length, notes };
};
