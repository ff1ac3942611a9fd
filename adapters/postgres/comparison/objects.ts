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

/** That each object of the inventory is there, is what it was, and that there is no other. */
interface Expectation extends ComparisonRequest {
  /** The server here is of another major than the source. */
  readonly isOtherMajor: boolean;
  /** Known to be other than they were, as `definitionKey`. */
  readonly excused: ReadonlySet<string>;
  /** Left out, as `definitionKey`. */
  readonly absent: ReadonlySet<string>;
}

export interface ObjectsCompared {
  readonly compared: number;
  readonly notes: ComparisonNote[];
  /** Only whether objects are there was compared. */
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

/** Whether an object must be there. Chosen tables bring their triggers and policies, and others of the schema where they need them. */
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

/** By the manifest's lists of names, which every manifest has. */
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
        found.add(`${kind} ${named(one)} is there, and was not`);
    }
  }
  return compared;
};

/** By which an object is found again in another database; as people know it, too. */
export const definitionKey = ({ kind, name }: Pick<Definition, 'kind' | 'name'>): string =>
  `${kind} ${name}`;

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
  leftOutKeys: readonly LeftOutKey[],
): Promise<Defined> => {
  const rule = ruleOf(expected);
  const wanted = new Set(expected.map(definitionKey));
  // One that is an extension's own at home is in no backup, and was made here for what is in it.
  const made = (await readDefinitions(client, schemaOids, rule)).filter(
    (one) => one.kind !== 'schema' || wanted.has(definitionKey(one)),
  );
  const is = [...made, ...(await definedByText(client, leftOutKeys, rule))];
  return { expected, is: new Map(is.map((one) => [definitionKey(one), one])) };
};

/** A name with its kind is said as the server writes it. */
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
      found.add(`${key} is not defined as it was`);
    if (accessKept && there && one.access !== undefined && there.access !== one.access)
      found.add(`${key} has not the owner and the grants that it had`);
  }
  const known = new Set(expected.map(definitionKey));
  for (const key of is.keys()) if (!known.has(key)) found.add(`${key} is there, and was not`);
};

/** What the lists of names don't have. A server of another major may have more: a constraint for each NOT NULL from 18 on. */
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

/** Missing objects, and, of a comparison of definitions, those that are new or other than they were. */
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
