import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeArchive } from '../../../../adapters/postgres/archive/format/write.ts';
import { makeArchiveReader } from '../../../../adapters/postgres/programs/archive-reader.ts';
import type { ArchiveReader } from '../../../../core/restore-ports.ts';
import { contentsOf } from '../../../support/archives.ts';

/** A pg_restore that follows a script, in a folder like the layer's. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'larder-stuck-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const readerOf = (script: string): ArchiveReader => {
  made += 1;
  const bin = path.join(folder, String(made), '18', 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  return makeArchiveReader([path.join(folder, String(made))], 400);
};

const textOf = async (reader: ArchiveReader, input: Readable, pauseMs = 0): Promise<string> => {
  const { text } = await reader.open({
    format: 'custom',
    compression: 'none',
    input,
    serverMajor: 18,
    signal: new AbortController().signal,
  });
  let all = '';
  for await (const chunk of text) {
    all += chunk.toString();
    await setTimeout(pauseMs);
  }
  return all;
};
const END = "echo '-- PostgreSQL database dump complete'";
/** A whole archive that has some megabytes of rows. */
const large = (): Readable => Readable.from(archiveOf(40));
const archiveOf = (pieces: number): AsyncIterable<Buffer> =>
  writeArchive({
    contents: contentsOf('none', 1),
    rowsOf: async function* () {
      for (let piece = 0; piece < pieces; piece += 1) yield Buffer.alloc(65_536);
    },
    compress: { frameBytes: 65_536 },
  });

test.each([
  ['reads nothing and goes round', 'while :; do :; done'],
  ['reads all of it and goes round', 'cat > /dev/null; while :; do :; done'],
])('pg_restore that %s forever is ended, and the archive is the cause', async (_, script) => {
  await expect(textOf(readerOf(script), large())).rejects.toMatchObject({
    name: 'DumpUnreadable',
    retryable: false,
  });
});

test('a vault that is slow, or a server that reads the SQL slowly, is no reason', async () => {
  async function* slowly() {
    for await (const piece of archiveOf(1)) {
      await setTimeout(300);
      yield piece;
    }
  }
  expect(await textOf(readerOf(`cat > /dev/null; ${END}`), Readable.from(slowly()))).toContain(
    'complete',
  );
  const talks = `cat > /dev/null & seq 1 60000; wait; ${END}`;
  expect(await textOf(readerOf(talks), large(), 300)).toContain('60000');
});
