import fc from 'fast-check';
import type { ArchivePart } from '../../../../../adapters/postgres/archive/format/archive-scanner.ts';
import type { TableOfContents } from '../../../../../adapters/postgres/archive/format/contents-scanner.ts';
import type { ArchiveEntry } from '../../../../../adapters/postgres/archive/format/entry.ts';
import type { ArchiveHeader } from '../../../../../adapters/postgres/archive/format/header.ts';
import { decodeText } from '../../../../../adapters/postgres/archive/format/text.ts';

/** Archives of every form that the format has, and that no test database would produce. */
const integer = fc.integer({ min: -0x7fff_ffff, max: 0x7fff_ffff });
const number = fc.integer({ min: 0, max: 0x7fff_ffff });
const oid = fc.integer({ min: 0, max: 2 ** 32 - 1 });
/** Also bytes that are not UTF-8. */
const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).filter((one) => one.isWellFormed()),
  },
  fc.uint8Array({ maxLength: 40 }).map((bytes) => decodeText(Buffer.from(bytes))),
);
const optional = fc.option(text, { freq: 3 });

const widths = fc.constantFrom(4, 4, 4, 5, 8, 32);

const header = fc
  .record({
    version: fc.constantFrom('1.14', '1.15', '1.16'),
    compression: fc.constantFrom('none', 'gzip', 'lz4', 'zstd'),
    level: fc.integer({ min: -1, max: 9 }),
    integerBytes: widths,
    offsetBytes: fc.constantFrom(8, 8, 8, 7, 32),
    date: fc.array(integer, { minLength: 7, maxLength: 7 }),
    database: text,
    serverVersion: text,
    dumpVersion: text,
  })
  .map((one): ArchiveHeader => {
    if (one.version !== '1.14') return { ...one, format: 'custom', level: null };
    const compression = one.level === 0 ? 'none' : 'gzip';
    return { ...one, format: 'custom', compression };
  });

const entryOf = (version: string, dumpId: number) =>
  fc.record<ArchiveEntry>({
    dumpId: fc.constant(dumpId),
    hasData: fc.boolean(),
    tableOid: oid,
    oid,
    tag: text,
    desc: fc.oneof(fc.constantFrom('TABLE DATA', 'TABLE', 'BLOBS'), text),
    section: fc.constantFrom('none', 'pre-data', 'data', 'post-data'),
    defn: optional,
    dropStmt: optional,
    copyStmt: optional,
    namespace: optional,
    tablespace: optional,
    accessMethod: optional,
    relkind: version === '1.16' ? fc.constantFrom(null, 'r', 'p', 'S') : fc.constant(null),
    owner: optional,
    withOids: fc.constantFrom('false', 'false', null),
    dependencies: fc.array(number, { maxLength: 4 }),
    place: fc.constantFrom({ state: 'not-set', at: 0 }, { state: 'no-data', at: 0 }),
  });

const contents: fc.Arbitrary<TableOfContents> = header.chain((one) =>
  fc.record({
    header: fc.constant(one),
    entries: fc
      .uniqueArray(fc.integer({ min: 1, max: 0x7fff_ffff }), { maxLength: 6 })
      .chain((numbers) => fc.tuple(...numbers.map((dumpId) => entryOf(one.version, dumpId)))),
  }),
);

/** Parts without their positions. */
type Placeless<T> = T extends unknown ? Omit<T, 'at'> : never;
export type Part = Placeless<ArchivePart>;

const chunk: fc.Arbitrary<Part[]> = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => [
  { kind: 'chunk', bytes: bytes.length },
  { kind: 'piece', bytes: Buffer.from(bytes) },
]);
const chunks: fc.Arbitrary<Part[]> = fc
  .array(chunk, { maxLength: 4 })
  .map((lists): Part[] => [...lists.flat(), { kind: 'last-chunk' }]);
const largeObjectOid = oid.filter((one) => one !== 0 && one !== 2 ** 31);
const objects: fc.Arbitrary<Part[]> = fc
  .array(fc.tuple(largeObjectOid, chunks), { maxLength: 3 })
  .map((list): Part[] => [
    ...list.flatMap(([one, parts]): Part[] => [{ kind: 'large-object', oid: one }, ...parts]),
    { kind: 'last-large-object' },
  ]);

const block = ({ dumpId }: ArchiveEntry): fc.Arbitrary<Part[]> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: chunks.map((parts): Part[] => [
        { kind: 'block', holds: 'rows', dumpId },
        ...parts,
      ]),
    },
    objects.map((parts): Part[] => [{ kind: 'block', holds: 'large-objects', dumpId }, ...parts]),
  );

/** The parts of a whole archive. */
export const archive: fc.Arbitrary<Part[]> = contents.chain((one) => {
  const withData = one.entries.filter(({ hasData }) => hasData);
  return fc
    .tuple(...withData.map(block))
    .map((blocks): Part[] => [{ kind: 'contents', contents: one }, ...blocks.flat()]);
});

/** Lengths of the chunks in which an archive arrives. */
export const chunkLengths = fc.array(fc.integer({ min: 1, max: 100 }), {
  minLength: 1,
  maxLength: 5,
});
