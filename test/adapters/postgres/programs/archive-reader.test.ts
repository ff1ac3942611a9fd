import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTableOfContents } from '../../../../adapters/postgres/archive/table-of-contents.ts';
import { makeArchiveReader } from '../../../../adapters/postgres/programs/archive-reader.ts';
import type { Compression, Format } from '../../../../core/backup.ts';
import { ReadInterrupted } from '../../../../core/errors/vault.ts';
import type { SqlRequest } from '../../../../core/restore-ports.ts';
import {
  clientPrograms,
  clientRoot,
  PASSWORD,
  type Postgres,
  startPostgres,
} from '../../../support/postgres.ts';

let postgres: Postgres;
let folder: string;
let root: string;
const stored = new Map<string, Buffer>();

const dump = async (format: Format, compress: string, database: string): Promise<Buffer> => {
  const programs = (await clientPrograms()).clients.find(({ major }) => major === postgres.major);
  if (!programs) throw new Error('no pg_dump');
  // Through a pipe, as the export does it: such an archive has no offsets.
  return execFileSync(
    '/bin/sh',
    [
      '-c',
      `"$0" -h 127.0.0.1 -p ${postgres.port} -U postgres -n acme --format=${format} ${compress} ${database} | cat`,
      programs.pgDump,
    ],
    { env: { PGPASSWORD: PASSWORD, PATH: process.env.PATH ?? '' }, maxBuffer: 1e9 },
  );
};

const ROWS = 30_000;
const TABLES = `
  CREATE SCHEMA acme;
  CREATE TABLE acme.b (id int PRIMARY KEY, v text);
  CREATE TABLE acme.a (id int PRIMARY KEY, b int REFERENCES acme.b);
  CREATE TABLE acme."ünï ""x""" (v text);
  INSERT INTO acme.b SELECT n, md5(n::text) FROM generate_series(1, ${ROWS}) n;
  INSERT INTO acme.a SELECT n, n FROM generate_series(1, 1000) n;`;

beforeAll(async () => {
  root = await clientRoot();
  folder = mkdtempSync('/var/tmp/larder-archive-');
  postgres = await startPostgres();
  const database = await postgres.database();
  await postgres.sql(TABLES, database);
  const plain = await dump('plain', '', database);
  stored.set('plain none', plain);
  stored.set('plain gzip', gzipSync(plain));
  stored.set('plain zstd', zstdCompressSync(plain));
  stored.set('plain bzip2', execFileSync('bzip2', ['-c'], { input: plain, maxBuffer: 1e9 }));
  stored.set('custom none', await dump('custom', '--compress=none', database));
  stored.set('custom gzip', await dump('custom', '--compress=gzip:1', database));
  stored.set('custom zstd', await dump('custom', '--compress=zstd:1', database));
  stored.set('tar none', await dump('tar', '', database));
});
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

const KINDS: [Format, Compression][] = [
  ['plain', 'none'],
  ['plain', 'gzip'],
  ['plain', 'zstd'],
  ['plain', 'bzip2'],
  ['custom', 'none'],
  ['custom', 'gzip'],
  ['custom', 'zstd'],
  ['tar', 'none'],
];

const bytesOf = (format: Format, compression: Compression): Buffer => {
  const found = stored.get(`${format} ${compression}`);
  if (!found) throw new Error('not made');
  return found;
};

/** In chunks of odd sizes; counts how far it was read. */
const inputOf = (bytes: Buffer, then?: Error) => {
  const seen = { bytes: 0 };
  const pieces = async function* () {
    for (let from = 0; from < bytes.length; from += 50_021) {
      const piece = bytes.subarray(from, from + 50_021);
      seen.bytes += piece.length;
      yield piece;
    }
    if (then) throw then;
  };
  return { input: Readable.from(pieces(), { objectMode: false }), seen };
};

const open = (
  format: Format,
  compression: Compression,
  input: Readable,
  more: Partial<SqlRequest> = {},
) =>
  makeArchiveReader([root]).open({
    format,
    compression,
    input,
    serverMajor: 18,
    signal: new AbortController().signal,
    ...more,
  });

const textOf = async (...given: Parameters<typeof open>): Promise<string> => {
  const { text } = await open(...given);
  const chunks: Buffer[] = [];
  for await (const chunk of text) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const children = (): string =>
  execFileSync('ps', ['--ppid', String(process.pid), '-o', 'args=']).toString();

/** All but the `\restrict` key, which differs each time, and the programs' own comments. */
const statements = (text: string): string => text.replaceAll(/^(\\(un)?restrict .*|--.*)?\n/gm, '');

describe('a backup as SQL', () => {
  it.each(KINDS)(
    'of %s, %s is what pg_dump would write as plain text',
    async (format, compression) => {
      const { input, seen } = inputOf(bytesOf(format, compression));
      const text = await textOf(format, compression, input);
      expect(statements(text)).toBe(statements(bytesOf('plain', 'none').toString()));
      expect(seen.bytes).toBe(bytesOf(format, compression).length);
      expect(children()).not.toMatch(/pg_restore|bzip2/);
    },
  );

  it.each([
    ['custom', 'zstd'],
    ['tar', 'none'],
  ] as const)(
    'of %s, %s holds just the entries asked for, and reads all bytes even so',
    async (format, compression) => {
      const file = path.join(folder, `list.${format}`);
      execFileSync('/bin/sh', ['-c', `cat > ${file}`], { input: bytesOf(format, compression) });
      const programs = (await clientPrograms()).clients.find(({ major }) => major === 18);
      const list = execFileSync(programs?.pgRestore ?? '', ['-l', file]).toString();
      const entries = [...list.matchAll(/^(\d+); .* (?:TABLE|TABLE DATA) acme a /gm)].map(
        ([, id]) => Number(id),
      );
      const { input, seen } = inputOf(bytesOf(format, compression));
      const text = await textOf(format, compression, input, { entries });
      expect(statements(text)).toMatch(/^CREATE TABLE acme\.a /m);
      expect(statements(text)).toMatch(/^COPY acme\.a /m);
      expect(text).not.toContain('acme.b');
      expect(seen.bytes).toBe(readFileSync(file).length);
    },
  );
});

describe('a backup that is damaged', () => {
  it.each(KINDS)('of %s, %s is an error wherever it is cut', async (format, compression) => {
    const bytes = bytesOf(format, compression);
    for (const share of [0, 0.0001, 0.01, 0.3, 0.6, 0.9, 0.99]) {
      const { input } = inputOf(bytes.subarray(0, Math.floor(bytes.length * share)));
      await expect(textOf(format, compression, input), `cut at ${share}`).rejects.toMatchObject({
        name: 'DumpUnreadable',
      });
    }
  });

  it('of custom format reports the byte and the entry where it is cut', async () => {
    const bytes = bytesOf('custom', 'zstd');
    for (const [share, place] of [
      [0.001, /byte \d+ of its table of contents, in entry \d+ of \d+: it is cut off there/],
      [0.9, /byte \d+ of its archive, in entry \d+ \(TABLE DATA "acme"\."b"\): it is cut off/],
    ] as const) {
      const { input } = inputOf(bytes.subarray(0, Math.floor(bytes.length * share)));
      await expect(textOf('custom', 'zstd', input), `cut at ${share}`).rejects.toThrow(place);
    }
  });

  it('of custom format is an error after the requested entries too', async () => {
    const bytes = bytesOf('custom', 'zstd');
    const { entries } = await readTableOfContents(async (from, length) =>
      bytes.subarray(from, from + length),
    );
    const first = entries.filter(({ hasData }) => hasData).map(({ dumpId }) => dumpId)[0] ?? 0;
    const { input } = inputOf(bytes.subarray(0, Math.floor(bytes.length * 0.9)));
    await expect(textOf('custom', 'zstd', input, { entries: [first] })).rejects.toThrow(
      /it is cut off there/,
    );
  });

  it.each(KINDS.slice(1))(
    'of %s, %s is an error if its bytes differ',
    async (format, compression) => {
      const { input } = inputOf(Buffer.from('x'.repeat(100_000)));
      await expect(textOf(format, compression, input)).rejects.toMatchObject({
        name: 'DumpUnreadable',
      });
    },
  );

  it.each(KINDS)(
    'of %s, %s reports what broke its input, not the consequences',
    async (format, compression) => {
      const bytes = bytesOf(format, compression);
      const broken = new ReadInterrupted('key', 'the network went');
      const { input } = inputOf(bytes.subarray(0, bytes.length / 2), broken);
      await expect(textOf(format, compression, input)).rejects.toBe(broken);
    },
  );
});

describe('a reader that stops reading the SQL', () => {
  it.each(KINDS)('of %s, %s leaves no process', async (format, compression) => {
    const { input } = inputOf(bytesOf(format, compression));
    const { text } = await open(format, compression, input);
    for await (const _ of text) break;
    input.destroy();
    expect(children()).not.toMatch(/pg_restore|bzip2/);
  });

  it('because of a signal gets its reason', async () => {
    const stop = new AbortController();
    const { input } = inputOf(bytesOf('custom', 'zstd'));
    const { text } = await open('custom', 'zstd', input, { signal: stop.signal });
    const reason = new Error('enough');
    const reading = (async () => {
      for await (const _ of text) stop.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
    expect(children()).not.toMatch(/pg_restore/);
  });
});

describe('pg_restore', () => {
  it('killed in the middle is no damage: it is tried again', async () => {
    const { input } = inputOf(bytesOf('custom', 'zstd'));
    const { text } = await open('custom', 'zstd', input);
    const reading = (async () => {
      for await (const _ of text) {
        const pid = /(\d+) \S*pg_restore/.exec(
          execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args=']).toString(),
        )?.[1];
        if (pid) process.kill(Number(pid), 'SIGKILL');
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: 'RestoreInterrupted', retryable: true });
  });

  it('is refused for a server that is newer than all installed versions', async () => {
    const { input } = inputOf(Buffer.alloc(0));
    await expect(open('custom', 'zstd', input, { serverMajor: 19 })).rejects.toMatchObject({
      name: 'ServerTooNew',
    });
  });
});

it('the digest of the stored bytes is that of the bytes read', async () => {
  const bytes = bytesOf('custom', 'gzip');
  const hash = createHash('sha256');
  const input = Readable.from(
    (async function* () {
      for (let from = 0; from < bytes.length; from += 1000) {
        const piece = bytes.subarray(from, from + 1000);
        hash.update(piece);
        yield piece;
      }
    })(),
    { objectMode: false },
  );
  await textOf('custom', 'gzip', input);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
});
