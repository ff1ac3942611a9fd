import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { readChunks } from '../../../core/chunks.ts';
import { BackupDamaged } from '../../../core/errors/vault.ts';
import { type Manifest, type ManifestTable, tableKey } from '../../../core/manifest.ts';
import type { VaultReader } from '../../../core/restore-ports.ts';
import { BlockScanner } from './format/block-scanner.ts';
import { ContentsScanner, type TableOfContents } from './format/contents-scanner.ts';
import type { ArchiveEntry } from './format/entry.ts';
import { decompressRows, ROWS_END } from './format/rows.ts';
import { encodeContents } from './format/write.ts';

/**
 * Reads some entries of a stored archive of format custom: the contents, and the blocks of the chosen tables by ranges, where the engine
 * noted them in the manifest. What is read is a whole archive of its own, without the rows of other tables. The object's digest can't be
 * checked so; the manifest's digests of the contents and of each table's text are, before the last byte of each is given.
 */
export interface PartsRequest {
  readonly manifest: Manifest;
  /** Ids of the table of contents. */
  readonly entries: readonly number[];
  readonly vault: Pick<VaultReader, 'read'>;
}

/** Undefined if the manifest does not say where what is. @throws BackupDamaged, DumpUnreadable, and errors of the vault */
export const readParts = (request: PartsRequest): AsyncGenerator<Buffer> | undefined => {
  const { options, object } = request.manifest;
  if (options.format !== 'custom' || !object.contents) return undefined;
  return partsOf(request, object.contents);
};

async function* partsOf(
  { manifest, entries, vault }: PartsRequest,
  stored: NonNullable<Manifest['object']['contents']>,
): AsyncGenerator<Buffer> {
  const { key } = manifest.object;
  const bytes = await allOf(vault.read(key, { from: 0, bytes: stored.bytes }));
  if (sha256Of(bytes) !== stored.sha256) {
    throw new BackupDamaged(key, 'its table of contents is not the one that was stored');
  }
  const scanner = new ContentsScanner();
  const contents = scanner.take(bytes) ?? scanner.end();
  const wanted = new Set(entries);
  const isWanted = ({ hasData, dumpId }: ArchiveEntry): boolean => hasData && wanted.has(dumpId);
  yield encodeContents(withRowsOf(contents, isWanted));
  const tables = new Map(manifest.tables.map((one) => [tableKey(one.schema, one.name), one]));
  for (const entry of contents.entries.filter(isWanted)) {
    const copied = tables.get(tableKey(entry.namespace ?? '', entry.tag))?.copied;
    if (!copied) throw new BackupDamaged(key, `its manifest does not say where ${entry.tag} is`);
    const chunks = readChunks(vault.read(key, { from: copied.at, bytes: copied.length }));
    yield* checkedBlock(key, contents, entry, copied, chunks);
  }
}

const allOf = async (stream: AsyncIterable<unknown>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Entries whose rows do not follow are entries without rows. */
const withRowsOf = (
  { header, entries }: TableOfContents,
  isWanted: (entry: ArchiveEntry) => boolean,
): TableOfContents => ({
  header,
  entries: entries.map((entry) => {
    const hasData = isWanted(entry);
    return { ...entry, hasData, place: { state: hasData ? 'not-set' : 'no-data', at: 0 } as const };
  }),
});

/** The bytes of one block; its last chunk only after the digest of its text was right. */
async function* checkedBlock(
  key: string,
  { header }: TableOfContents,
  entry: ArchiveEntry,
  copied: NonNullable<ManifestTable['copied']>,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const scanner = new BlockScanner(header, [{ ...entry, place: NOT_SET }], copied.at);
  const compressed = new PassThrough();
  const place = `its block of table ${entry.tag}`;
  const text = digestOf(decompressRows(header.compression, readChunks(compressed), place));
  text.catch(() => compressed.destroy());
  let last: Buffer | undefined;
  try {
    for await (const chunk of chunks) {
      if (last) yield last;
      for (const part of scanner.take(chunk)) {
        // A copy: whoever gets the chunk may free its memory.
        if (part.kind === 'piece') await write(compressed, Buffer.from(part.bytes));
      }
      last = chunk;
    }
    scanner.end();
    compressed.end();
    const found = await text;
    if (found.sha256 !== copied.sha256 || found.bytes !== copied.bytes) {
      throw new BackupDamaged(key, `the rows of table ${entry.tag} are not those that were stored`);
    }
  } finally {
    compressed.destroy();
    await text.catch(() => undefined);
  }
  if (last) yield last;
}

const NOT_SET = { state: 'not-set', at: 0 } as const;

const write = (into: PassThrough, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    // Of a stream that was destroyed; its error is awaited with the digest.
    if (into.destroyed || into.write(bytes)) return resolve();
    const done = (): void => {
      into.off('drain', done).off('close', done);
      resolve();
    };
    into.on('drain', done).on('close', done);
  });

/** Of the text without what pg_dump writes behind the last row. */
const digestOf = async (
  text: AsyncIterable<Buffer>,
): Promise<{ readonly sha256: string; readonly bytes: number }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  for await (const piece of text) {
    const joined = Buffer.concat([tail, piece]);
    const end = Math.max(0, joined.length - ROWS_END.length);
    hash.update(joined.subarray(0, end));
    bytes += end;
    tail = joined.subarray(end);
  }
  const isEnded = tail.equals(ROWS_END);
  return { sha256: isEnded ? hash.digest('hex') : '', bytes };
};
