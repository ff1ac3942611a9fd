import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ArchivePart,
  ArchiveScanner,
} from '../../../../../adapters/postgres/archive/format/archive-scanner.ts';
import type { TableOfContents } from '../../../../../adapters/postgres/archive/format/contents-scanner.ts';
import type { ArchiveHeader } from '../../../../../adapters/postgres/archive/format/header.ts';
import { decompressRows, ROWS_END } from '../../../../../adapters/postgres/archive/format/rows.ts';
import {
  encodeContents,
  placeBlocks,
  type WrittenBlock,
  writeArchive,
} from '../../../../../adapters/postgres/archive/format/write.ts';
import { describeDatabase, differences } from '../../../../support/compare-databases.ts';
import { PASSWORD } from '../../../../support/postgres.ts';
import { openedOn } from '../../../../support/servers.ts';
import { AWKWARD, awkwardDatabase, dumpOf, programsOf, withClient } from '../../support/dumps.ts';

/** Archives that are split into contents and rows, and written again; pg_restore decides whether they are equal. */
const run = promisify(execFile);
const PASSWORD_ONLY = { PGPASSWORD: PASSWORD, LC_ALL: 'C.UTF-8' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync('/var/tmp/larder-anew-');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const on = openedOn([15, 18], async (postgres) => {
  const database = await awkwardDatabase(postgres, { filled: true });
  const dumps = new Map<string, Promise<Buffer>>();
  return {
    postgres,
    database,
    dump: (by: number, compress: string): Promise<Buffer> => {
      const key = `${by} ${compress}`;
      const made =
        dumps.get(key) ??
        dumpOf(postgres, database, {
          major: by,
          schemas: [AWKWARD],
          flags: ['--format=custom', `--compress=${compress}`, '--extension=hstore'],
        });
      dumps.set(key, made);
      return made;
    },
  };
});

interface Parsed {
  readonly contents: TableOfContents;
  /** COPY's output, by dump id. */
  readonly rows: ReadonlyMap<number, Buffer>;
}

async function* streamOf(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
}

const all = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
  const list: Buffer[] = [];
  for await (const piece of pieces) list.push(Buffer.from(piece));
  return Buffer.concat(list);
};

const parse = async (archive: Buffer): Promise<Parsed> => {
  const scanner = new ArchiveScanner();
  const parts: ArchivePart[] = [...scanner.take(archive), ...scanner.end()];
  const [first] = parts;
  if (first?.kind !== 'contents') throw new Error('no contents');
  const { contents } = first;
  const pieces = new Map<number, Buffer[]>();
  let current: Buffer[] = [];
  for (const part of parts) {
    if (part.kind === 'block') {
      current = [];
      pieces.set(part.dumpId, current);
    }
    if (part.kind === 'piece') current.push(part.bytes);
  }
  const rows = new Map<number, Buffer>();
  for (const [dumpId, list] of pieces) {
    const { compression } = contents.header;
    const text = await all(decompressRows(compression, streamOf(list), `entry ${dumpId}`));
    expect(text.subarray(-ROWS_END.length).equals(ROWS_END)).toBe(true);
    rows.set(dumpId, text.subarray(0, -ROWS_END.length));
  }
  return { contents, rows };
};

const writeAnew = async (
  { contents, rows }: Parsed,
  change: Partial<ArchiveHeader>,
): Promise<{ piped: Buffer; placed: Buffer }> => {
  const header = { ...contents.header, ...change };
  const withoutRelkind = header.version !== '1.16';
  const entries = contents.entries.map((entry) =>
    withoutRelkind ? { ...entry, relkind: null } : entry,
  );
  const blocks: WrittenBlock[] = [];
  const piped = await all(
    writeArchive({
      contents: { header, entries },
      rowsOf: ({ dumpId }) => streamOf([rows.get(dumpId) ?? Buffer.alloc(0)]),
      compress: { frameBytes: 5000 },
      onBlock: (block) => blocks.push(block),
    }),
  );
  const start = encodeContents(placeBlocks({ header, entries }, blocks));
  return { piped, placed: Buffer.concat([start, piped.subarray(start.length)]) };
};

/** The output of pg_restore for an archive that it reads from a pipe. */
const through = async (
  program: string,
  flags: readonly string[],
  archive: Buffer,
): Promise<string> => {
  const child = spawn(program, [...flags], { env: PASSWORD_ONLY });
  child.stdin.on('error', () => undefined).end(archive);
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const text: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => text.push(data));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(errors);
  return Buffer.concat(text).toString();
};

/** Without the key of `\restrict`, which differs each time. */
const sql = (text: string): string => text.replaceAll(/^\\(un)?restrict .*$/gm, '');

const cases: [number, number, string, Partial<ArchiveHeader>][] = [
  [15, 15, '1', {}],
  [15, 15, '1', { compression: 'none', level: 0 }],
  [15, 15, '0', { compression: 'gzip', level: -1 }],
  [15, 17, 'zstd:1', {}],
  [18, 18, 'none', { compression: 'zstd' }],
  [18, 18, 'zstd:1', { compression: 'none' }],
  [18, 18, 'zstd:1', { compression: 'gzip' }],
  [18, 18, 'zstd:1', { version: '1.15' }],
];

describe('an archive that is written again', () => {
  it.each(cases)(
    'is the same for pg_restore: of PostgreSQL %i, by pg_dump %i, compression %s, then %j',
    async (of, by, compress, change) => {
      const archive = await on(of).dump(by, compress);
      const { piped, placed } = await writeAnew(await parse(archive), change);
      const { pgRestore } = await programsOf(by);
      const wanted = sql(await through(pgRestore, ['-f', '-'], archive));
      expect(sql(await through(pgRestore, ['-f', '-'], piped)) === wanted).toBe(true);
      const file = path.join(folder, 'placed');
      writeFileSync(file, placed);
      const { stdout } = await run(pgRestore, ['-f', '-', file], { maxBuffer: 1e9 });
      expect(sql(stdout) === wanted).toBe(true);
      const list = (text: string): string[] => text.split('\n').filter((line) => /^\d/.test(line));
      const listed = list(await through(pgRestore, ['-l'], piped));
      expect(listed).toEqual(list(await through(pgRestore, ['-l'], archive)));
      expect(listed.length).toBeGreaterThan(200);
    },
  );

  it.each([
    [15, '1', {}],
    [18, 'none', { compression: 'zstd' }],
  ] as const)(
    'is restored whole by PostgreSQL %i, from a pipe and with rows in two jobs',
    async (major, compress, change) => {
      const { postgres, dump } = on(major);
      const archive = await dump(major, compress);
      const { piped, placed } = await writeAnew(await parse(archive), change);
      const { pgRestore } = await programsOf(major);
      const file = path.join(folder, 'placed');
      writeFileSync(file, placed);
      const restored = async (restore: (to: readonly string[]) => Promise<unknown>) => {
        const target = await awkwardDatabase(postgres, { filled: false });
        const server = ['-h', '127.0.0.1', '-p', String(postgres.port), '-U', 'postgres'];
        await restore(['--exit-on-error', ...server, '-d', target]);
        return await withClient(postgres, target, describeDatabase);
      };
      const wanted = await restored((to) => through(pgRestore, to, archive));
      expect(wanted.size).toBeGreaterThan(1000);
      const fromPipe = await restored((to) => through(pgRestore, to, piped));
      expect(differences(wanted, fromPipe)).toEqual([]);
      const inJobs = await restored(async (to) => {
        for (const section of ['pre-data', 'data', 'post-data']) {
          // Indexes that are created and attached at the same time deadlock, whichever program wrote the archive.
          const jobs = section === 'data' ? ['-j2'] : [];
          await run(pgRestore, [...jobs, `--section=${section}`, ...to, file], {
            env: PASSWORD_ONLY,
          });
        }
      });
      expect(differences(wanted, inJobs)).toEqual([]);
    },
  );
});
