import { pipeline } from 'node:stream/promises';
import { type Digest, DigestMeter } from './digest.ts';
import { BackupDamaged } from './errors/vault.ts';
import type { Manifest } from './manifest.ts';
import type { VaultReader } from './restore-ports.ts';

/** What a digest that is another says of the stored bytes. */
export const NOT_AS_STORED = 'its SHA-256 is not the one that it had when it was stored';

/** Bytes of tables that the fastest server seen restores in a second (docs/benchmarks.md has measured ones). */
const FASTEST_BYTES = 250 * 1024 ** 2;

/** Seconds that restoring so many bytes of tables takes at the very least, anywhere. */
export const leastSeconds = (tableBytes: number): number => Math.ceil(tableBytes / FASTEST_BYTES);

/** One reading of a stored object from its beginning: bytes on their way to whoever restores them, counted and hashed. */
export interface MeteredReading {
  /** Whoever reads it gets the vault's errors from it. */
  readonly input: DigestMeter;
  /** What has arrived, also once it has ended. */
  soFar(): Digest;
  /** Waits for the end. @throws BackupDamaged where the bytes are not those of the manifest, and what reading throws */
  confirm(): Promise<void>;
  /** Nobody reads on for it after that. */
  end(): Promise<void>;
}

export const readMetered = (
  vault: Pick<VaultReader, 'read'>,
  { object }: Pick<Manifest, 'object'>,
  signal: AbortSignal,
): MeteredReading => {
  const meter = new DigestMeter();
  const read = pipeline(vault.read(object.key), meter, { signal });
  // The reader of the meter gets the error from there, and `confirm` awaits it as well.
  read.catch(() => undefined);
  return {
    input: meter,
    soFar: () => meter.soFar(),
    confirm: async () => {
      await read;
      if (meter.bytes !== object.bytes)
        throw new BackupDamaged(object.key, `${meter.bytes} bytes came of ${object.bytes}`);
      if (meter.sha256 !== object.sha256) throw new BackupDamaged(object.key, NOT_AS_STORED);
    },
    end: async () => {
      meter.destroy();
      await read.catch(() => undefined);
    },
  };
};
