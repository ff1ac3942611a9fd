import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Entry,
  readTableOfContents,
  type TableOfContents,
} from '../../../../adapters/postgres/archive/table-of-contents.ts';
import { writtenBack } from '../../../support/archives.ts';
import { openedOn } from '../../../support/servers.ts';
import { awkwardDatabase, dumpOf, programsOf } from '../support/dumps.ts';

const run = promisify(execFile);

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync('/var/tmp/larder-contents-');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
});

const on = openedOn([15, 18], async (postgres) => ({
  postgres,
  database: await awkwardDatabase(postgres, { filled: true }),
}));

const WITHOUT_LARGE_ROWS = '--exclude-table-data=*.(texts|bytes)';

const archives = new Map<string, Promise<Buffer>>();
/** Created once for each way to create it. */
const archiveOf = (of: number, by: number, flags: readonly string[]): Promise<Buffer> => {
  const { postgres, database } = on(of);
  const key = [of, by, ...flags].join(' ');
  const made =
    archives.get(key) ??
    dumpOf(postgres, database, { major: by, flags: [WITHOUT_LARGE_ROWS, ...flags] });
  archives.set(key, made);
  return made;
};

const bytesOf =
  (archive: Buffer, asked: number[] = []) =>
  async (from: number, bytes: number): Promise<Buffer> => {
    asked.push(bytes);
    return archive.subarray(from, from + bytes);
  };

/** What `pg_restore -l -v` prints, which shows all but the SQL. */
const listed = ({ header, entries }: TableOfContents): string[] => [
  `;     dbname: ${header.database}`,
  `;     TOC Entries: ${entries.length}`,
  `;     Dump Version: ${header.version}-0`,
  `;     Format: ${header.format.toUpperCase()}`,
  `;     Dumped from database version: ${header.serverVersion}`,
  `;     Dumped by pg_dump version: ${header.dumpVersion}`,
  ...entries.flatMap(lineOf),
];

const lineOf = (entry: Entry): string[] => {
  const { dumpId, tableOid, oid, desc, namespace, tag, owner, dependencies } = entry;
  const shown = (text: string | null): string => (text ?? '').replace(/[\n\r]/g, ' ');
  return [
    `${dumpId}; ${tableOid} ${oid} ${desc} ${shown(namespace) || '-'} ${shown(tag)} ${shown(owner)}`,
    ...(dependencies.length > 0 ? [`;\tdepends on: ${dependencies.join(' ')}`] : []),
  ];
};

const cases: [number, number, string, readonly string[], string][] = [
  [15, 15, 'custom', ['--compress=0'], 'none'],
  [15, 15, 'custom', ['--compress=1'], 'gzip'],
  [15, 15, 'tar', [], 'none'],
  [15, 17, 'custom', ['--compress=zstd:1'], 'zstd'],
  [18, 18, 'custom', ['--compress=none'], 'none'],
  [18, 18, 'custom', ['--compress=gzip:1'], 'gzip'],
  [18, 18, 'custom', ['--compress=lz4'], 'lz4'],
  [18, 18, 'custom', ['--compress=zstd'], 'zstd'],
  [18, 18, 'tar', [], 'none'],
];

describe('a table of contents', () => {
  it.each(cases)(
    'is what pg_restore lists: of PostgreSQL %i, by pg_dump %i, %s %j',
    async (of, by, format, flags, compression) => {
      const archive = await archiveOf(of, by, [`--format=${format}`, ...flags]);
      const contents = await readTableOfContents(bytesOf(archive));
      const file = path.join(folder, 'archive');
      writeFileSync(file, archive);
      const { pgRestore } = await programsOf(by);
      const list = await run(pgRestore, ['-l', '-v', file]);
      const shown = list.stdout
        .split('\n')
        .filter(
          (line) =>
            line && !/^;\s*$|^; (Archive|Selected)|(Integer|Offset|Compression):/.test(line),
        );
      expect(listed(contents)).toEqual(shown);
      expect(contents.header).toMatchObject({ format, compression });
      if (format === 'custom') expect(writtenBack(archive).equals(archive)).toBe(true);

      const script = await run(pgRestore, ['-f', '-', file], { maxBuffer: 1e9 });
      const sql = contents.entries.filter(
        ({ desc, defn }) =>
          defn && !/^(ENCODING|STDSTRINGS|SEARCHPATH|DATABASE|BLOB METADATA)/.test(desc),
      );
      expect(sql.length).toBeGreaterThan(250);
      for (const { defn } of sql) expect(script.stdout).toContain(defn);
      const copies = contents.entries.filter(({ copyStmt }) => copyStmt);
      expect(copies.length).toBeGreaterThan(35);
      for (const { copyStmt, hasData } of copies) {
        expect(hasData).toBe(true);
        expect(script.stdout).toContain(copyStmt);
      }
    },
  );

  it('is read the same from an archive that pg_dump could seek in, with offsets filled in', async () => {
    const file = path.join(folder, 'sought');
    const piped = await archiveOf(18, 18, ['--format=custom']);
    await archiveOf(18, 18, ['--format=custom', `--file=${file}`]);
    const sought = readFileSync(file);
    const [one, other] = [
      await readTableOfContents(bytesOf(piped)),
      await readTableOfContents(bytesOf(sought)),
    ];
    expect(sought.equals(piped)).toBe(false);
    const placeless = ({ entries }: TableOfContents) =>
      entries.map(({ place: _, ...entry }) => entry);
    expect(placeless(other)).toEqual(placeless(one));
    const placed = other.entries.filter(({ place }) => 'state' in place && place.state === 'set');
    expect(placed.length).toBeGreaterThan(35);
    expect(writtenBack(sought).equals(sought)).toBe(true);
  });

  it('is the only part of an archive that is read', async () => {
    const archive = await archiveOf(18, 18, ['--format=custom', '--compress=none']);
    const rows = Buffer.concat([archive, Buffer.alloc(50_000_000)]);
    const asked: number[] = [];
    await readTableOfContents(bytesOf(rows, asked));
    expect(asked.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(3_000_000);
  });

  it.each(['custom', 'tar'])(
    'of format %s that is cut short is refused by name',
    async (format) => {
      const archive = await archiveOf(18, 18, [`--format=${format}`]);
      // One of the last entries.
      const end = archive.indexOf('MATERIALIZED VIEW DATA');
      for (let bytes = 0; bytes < end; bytes += bytes < 1000 ? 1 : 997) {
        await expect(
          readTableOfContents(bytesOf(archive.subarray(0, bytes))),
        ).rejects.toMatchObject({
          name: 'DumpUnreadable',
          message: expect.stringMatching(/table of contents/),
        });
      }
    },
  );

  it.each(['custom', 'tar'])(
    'of format %s that is damaged is refused by name, or read',
    async (format) => {
      const archive = await archiveOf(18, 18, [`--format=${format}`, '--compress=none']);
      const place = fc.integer({ min: 0, max: 150_000 });
      const damage = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(damage, async (bytes) => {
          const damaged = Buffer.from(archive);
          for (const [at, byte] of bytes) damaged[at] = byte;
          const asked: number[] = [];
          await readTableOfContents(bytesOf(damaged, asked)).catch((error: Error) => {
            expect(error.name).toBe('DumpUnreadable');
          });
          expect(Math.max(...asked)).toBeLessThan(70_000_000);
          expect(asked.length).toBeLessThan(20);
        }),
        { numRuns: 300 },
      );
    },
  );

  it.each([
    ['a text of two gigabytes', (archive: Buffer) => archive.writeInt32LE(0x7fff_ffff, 0x30)],
    [
      'two thousand million entries',
      (archive: Buffer) => archive.writeInt32LE(0x7fff_ffff, countAt(archive)),
    ],
    ['fewer than no entries', (archive: Buffer) => archive.writeUInt8(1, countAt(archive) - 1)],
    [
      'more entries than are there',
      (archive: Buffer) => archive.writeInt32LE(1000, countAt(archive)),
    ],
    ['another version', (archive: Buffer) => archive.writeUInt8(17, 6)],
    ['numbers of another size', (archive: Buffer) => archive.writeUInt8(32, 8)],
    ['another format', (archive: Buffer) => archive.writeUInt8(3, 10)],
    ['an unknown compression', (archive: Buffer) => archive.writeUInt8(9, 11)],
    ['another beginning', (archive: Buffer) => archive.write('PGDMQ')],
  ])('with %s is refused by name', async (_, damage) => {
    const archive = Buffer.from(await archiveOf(18, 18, ['--format=custom', '--compress=none']));
    damage(archive);
    const asked: number[] = [];
    await expect(readTableOfContents(bytesOf(archive, asked))).rejects.toMatchObject({
      name: 'DumpUnreadable',
    });
    expect(Math.max(...asked)).toBeLessThan(70_000_000);
  });

  it('is not found in a file that is not an archive', async () => {
    for (const text of ['', '-- PostgreSQL database dump\n', 'x'.repeat(5000)]) {
      await expect(readTableOfContents(bytesOf(Buffer.from(text)))).rejects.toThrow('no archive');
    }
  });
});

/** The position of the number of entries: before the first of them, which is always the encoding. */
const countAt = (archive: Buffer): number => {
  const encoding = archive.indexOf('ENCODING');
  // Number, data, two OIDs as texts of one digit, the length of the tag.
  return encoding - 5 - 6 - 6 - 5 - 5 - 4;
};
