import type pg from 'pg';
import { type Definition, tableKey } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import { bindingDifferences } from '../catalog/bindings/operator-bindings.ts';
import {
  type Defined as DefinedObject,
  foreignKeyOf,
  type Rule,
  readDefinitions,
  ruleOf,
} from '../catalog/definitions/definitions.ts';
import { type ComparisonRequest, isNamed, type LeftOutKey } from './comparison-request.ts';
import type { Differences } from './differences.ts';
import { isLeftOutName } from './left-out-keys.ts';
import { type ComparisonNote, named } from './notes.ts';
import type { RestoredContents } from './read-restored.ts';
import { isOn, isReported } from './reported-objects.ts';

/** Checks that each object of the inventory exists and is unchanged, and that there is no other object. */
interface Expectation extends ComparisonRequest {
  /** The server here has another major version than the source. */
  readonly isOtherMajor: boolean;
  /** Objects known to differ, as `definitionKey`. */
  readonly excused: ReadonlySet<string>;
  /** Left out, as `definitionKey`. */
  readonly absent: ReadonlySet<string>;
}

export interface ObjectsCompared {
  readonly compared: number;
  readonly notes: ComparisonNote[];
  /** Only the existence of objects was compared. */
  readonly byName: boolean;
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
type List = (typeof LISTED)[number][1];

/** Whether an object must exist. With chosen tables, their triggers and policies are restored, and other objects of the schema that they need. */
const isExpected = (
  list: List,
  one: TableName,
  { chosen, alone = [], unfinished = [], leftOut = [] }: Expectation,
): boolean => {
  const on = (tables: readonly TableName[]): boolean =>
    tables.some((table) => table.schema === one.schema && isOn(one.name, table));
  const isChosen = (): boolean => {
    if (!chosen) return true;
    if (list === 'tables') return isNamed(chosen, one);
    return (list === 'triggers' || list === 'policies') && on(chosen);
  };
  return (
    isChosen() &&
    !((list === 'triggers' || list === 'policies') && on(alone)) &&
    !unfinished.some((reported) => isReported(reported, list, one)) &&
    !isLeftOutName(leftOut, one)
  );
};

/** Uses the manifest's lists of names, which every manifest has. */
const compareNames = (
  expectation: Expectation,
  { relations, sequences, names }: RestoredContents,
  found: Differences,
): number => {
  const { manifest, objects } = expectation;
  const there = { ...names, tables: [...relations.values()], sequences: [...sequences.values()] };
  let compared = 0;
  for (const [kind, list] of LISTED) {
    const was: readonly TableName[] = manifest[list];
    const is: readonly TableName[] = there[list];
    const keysOf = (all: readonly TableName[]) =>
      new Set(all.map(({ schema, name }) => tableKey(schema, name)));
    const expected = keysOf(was);
    const present = keysOf(is);
    for (const one of was.filter((each) => isExpected(list, each, expectation))) {
      compared += 1;
      if (!present.has(tableKey(one.schema, one.name)))
        found.add(`${kind} ${named(one)} is missing`);
    }
    if (objects === 'names') continue;
    for (const one of is) {
      if (!expected.has(tableKey(one.schema, one.name)))
        found.add(`${kind} ${named(one)} exists, but not at the source`);
    }
  }
  return compared;
};

/** Identifies an object in another database too; also readable for people. */
export const definitionKey = ({ kind, name }: Pick<Definition, 'kind' | 'name'>): string =>
  `${kind} ${name}`;

/** Keys that were left out, as if they existed, with names as the server writes them. */
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

/** Existing objects with their digests, and the expected ones. */
interface Defined {
  readonly expected: readonly Definition[];
  readonly is: ReadonlyMap<string, DefinedObject>;
}

const defined = async (
  client: pg.Client,
  expected: readonly Definition[],
  { schemaOids }: RestoredContents,
  leftOutKeys: readonly LeftOutKey[],
): Promise<Defined> => {
  const rule = ruleOf(expected);
  const wanted = new Set(expected.map(definitionKey));
  // On the source, such a schema belongs to an extension and is in no backup; here it was created for its contents.
  const made = (await readDefinitions(client, schemaOids, rule)).filter(
    (one) => one.kind !== 'schema' || wanted.has(definitionKey(one)),
  );
  const is = [...made, ...(await definedByText(client, leftOutKeys, rule))];
  return { expected, is: new Map(is.map((one) => [definitionKey(one), one])) };
};

/** Reports a name with its kind, as the server writes it. */
const compareDigests = (
  { expected, is }: Defined,
  { accessKept, excused, absent }: Expectation,
  found: Differences,
): void => {
  for (const one of expected) {
    const key = definitionKey(one);
    const there = is.get(key);
    if (excused.has(key) || (there === undefined && absent.has(key))) continue;
    if (there === undefined) found.add(`${key} is missing`);
    else if (there.digest !== one.digest && there.otherDigest !== one.digest)
      found.add(`${key} is defined otherwise than at the source`);
    if (accessKept && there && one.access !== undefined && there.access !== one.access)
      found.add(`${key} has another owner or other grants than at the source`);
  }
  const known = new Set(expected.map(definitionKey));
  for (const key of is.keys())
    if (!known.has(key)) found.add(`${key} exists, but not at the source`);
};

/** Objects that the lists of names do not have. Another major may have more: from 18 on, a constraint for each NOT NULL. */
const comparePresence = (
  { expected, is }: Defined,
  { excused, absent }: Expectation,
  found: Differences,
): void => {
  const listed: readonly string[] = LISTED.map(([kind]) => kind);
  for (const one of expected) {
    const key = definitionKey(one);
    if (!listed.includes(one.kind) && !is.has(key) && !excused.has(key) && !absent.has(key))
      found.add(`${key} is missing`);
  }
};

const compareDefinitions = async (
  client: pg.Client,
  contents: RestoredContents,
  expectation: Expectation,
  found: Differences,
): Promise<ObjectsCompared> => {
  const { manifest, leftOutKeys = [], isOtherMajor } = expectation;
  const { definitions, source } = manifest;
  const { serverMajor: is } = contents;
  const byMajor: ComparisonNote[] = isOtherMajor
    ? [{ kind: 'names-only', because: 'major', is, was: source.serverVersion }]
    : [];
  const leftOut = leftOutKeys.map(
    ({ table, name }): ComparisonNote => ({ kind: 'key-left-out', table, name }),
  );
  const notes = [...byMajor, ...leftOut];
  if (!definitions) {
    const compared = compareNames(expectation, contents, found);
    return { compared, notes: [...notes, { kind: 'no-definitions' }], byName: true };
  }
  const all = await defined(client, definitions, contents, leftOutKeys);
  const { excused, absent } = expectation;
  const isCompared = (key: string): boolean =>
    !excused.has(key) && (all.is.has(key) || !absent.has(key));
  const compared = definitions.map(definitionKey).filter(isCompared).length;
  const isOtherRule = ruleOf(definitions) === undefined;
  if (!isOtherMajor && !isOtherRule) {
    compareDigests(all, expectation, found);
    return { compared, notes, byName: false };
  }
  compareNames(expectation, contents, found);
  comparePresence(all, expectation, found);
  if (!isOtherMajor) notes.push({ kind: 'names-only', because: 'rule' });
  return { compared, notes, byName: true };
};

/** Missing objects and, if definitions are compared, new objects and those that differ. */
export const compareObjects = async (
  client: pg.Client,
  contents: RestoredContents,
  expectation: Expectation,
  found: Differences,
): Promise<ObjectsCompared> => {
  const { manifest, isRestored = () => true, isOtherMajor, excused } = expectation;
  const done: ObjectsCompared =
    expectation.objects === 'definitions'
      ? await compareDefinitions(client, contents, expectation, found)
      : { compared: compareNames(expectation, contents, found), notes: [], byName: true };
  const { operatorBindings: expected } = manifest;
  if (!expected) return done;
  const lines = await bindingDifferences(client, {
    schemaOids: contents.schemaOids,
    expected,
    sameMajor: !isOtherMajor,
    isOurs: (of, key) => isRestored(of) && !excused.has(key),
  });
  for (const line of lines) found.add(line);
  return done;
};
