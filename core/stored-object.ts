import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, DigestMeter } from './digest.ts';
import { BackupDamaged } from './errors/vault.ts';
import type { Manifest } from './manifest.ts';
import type { VaultReader } from './restore-ports.ts';

/** Why stored bytes with another digest count as damaged. */
export const NOT_AS_STORED = 'its SHA-256 has changed since it was stored';

/** Bytes of tables that the fastest measured server restores in a second (docs/benchmarks.md). */
const FASTEST_BYTES = 250 * 1024 ** 2;

/** The least number of seconds that a restore of so many bytes of tables takes on any server. */
export const leastSeconds = (tableBytes: number): number => Math.ceil(tableBytes / FASTEST_BYTES);

/** Reads a stored object, or parts of it, once, and counts and hashes the bytes as they pass. */
export interface MeteredReading {
  /** The bytes. Errors of the vault end it. */
  readonly input: DigestMeter;
  /** The bytes that have arrived so far; also valid after the end. Undefined if they are not the object's from its beginning. */
  soFar(): Digest | undefined;
  /** Waits for the end. @throws BackupDamaged if the bytes are not the manifest's, and errors of the vault */
  confirm(): Promise<void>;
  /** Stops reading. */
  end(): Promise<void>;
}

export const readMetered = (
  vault: Pick<VaultReader, 'read'>,
  { object }: Pick<Manifest, 'object'>,
  signal: AbortSignal,
): MeteredReading => {
  const meter = new DigestMeter();
  const read = pipeline(vault.read(object.key), meter, { signal });
  // The reader of the meter gets the error, and `confirm` awaits it as well.
  read.catch(() => undefined);
  return {
    input: meter,
    soFar: () => meter.soFar(),
    confirm: async () => {
      await read;
      if (meter.bytes !== object.bytes)
        throw new BackupDamaged(object.key, `${meter.bytes} of ${object.bytes} bytes arrived`);
      if (meter.sha256 !== object.sha256) throw new BackupDamaged(object.key, NOT_AS_STORED);
    },
    end: async () => {
      meter.destroy();
      await read.catch(() => undefined);
    },
  };
};

/** Reads parts that are checked where they are read: see `ArchiveReader.readParts`. */
export const readMeteredParts = (
  parts: AsyncIterable<Buffer>,
  signal: AbortSignal,
): MeteredReading => {
  const meter = new DigestMeter();
  const read = pipeline(Readable.from(parts, { objectMode: false }), meter, { signal });
  // As above.
  read.catch(() => undefined);
  return {
    input: meter,
    soFar: () => undefined,
    confirm: () => read,
    end: async () => {
      meter.destroy();
      await read.catch(() => undefined);
    },
  };
};
