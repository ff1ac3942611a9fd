import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Backup } from '../../core/backup.ts';
import { MANIFEST } from '../../core/contract.ts';
import { ManifestTooLarge } from '../../core/errors/vault.ts';
import type { Encoding } from '../../core/formats.ts';
import {
  downloadNameOf,
  extensionOf,
  GLOBALS_EXTENSION,
  type KeyParts,
  stemOf,
} from '../../core/keys.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Snapshot } from '../../core/snapshot-ports.ts';
import type { StoredObject } from '../../core/vault-ports.ts';
import type { Body } from './body.ts';
import type { StoredGlobals } from './make-manifest.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';

const CONTENT_TYPES = {
  '.dump': 'application/octet-stream',
  '.tar': 'application/x-tar',
  '.sql': 'application/sql',
  '.sql.gz': 'application/gzip',
  '.sql.zst': 'application/zstd',
  '.sql.bz2': 'application/x-bzip2',
};

export const keyPartsOf = ({ projectId, createdAt, id, attempt }: Backup): KeyParts => ({
  projectId,
  createdAt,
  backupId: id,
  attempt,
});

/** Stores the dump. `sourceBytes` is the size of its tables on the server. @throws errors of the vault, or the body's error */
export const storeDump = (
  { vault }: ExportPorts,
  { keyTemplate }: ExportOptions,
  backup: Backup,
  encoding: Encoding,
  body: Body,
  sourceBytes: number,
): Promise<StoredObject> => {
  const parts = keyPartsOf(backup);
  const extension = extensionOf(backup.format, encoding.compression);
  return vault.store({
    key: `${stemOf(keyTemplate, parts)}${extension}`,
    body: body.stream,
    isSoleReader: true,
    // A dump of definitions alone is small, however large the tables are.
    expectedBytes: backup.content === 'schema' ? 0 : sourceBytes,
    contentType: CONTENT_TYPES[extension],
    downloadName: downloadNameOf(parts, extension),
  });
};

/** Roles and memberships, beside the schemas that all projects share. */
export const storeGlobals = async (
  { vault }: ExportPorts,
  { keyTemplate }: ExportOptions,
  backup: Backup,
  snapshot: Snapshot,
  stop: AbortController,
): Promise<StoredGlobals> => {
  const content = await snapshot.dumpGlobals(stop.signal);
  const parts = keyPartsOf(backup);
  const stored = await vault.store({
    key: `${stemOf(keyTemplate, parts)}${GLOBALS_EXTENSION}`,
    body: Readable.from([content]),
    contentType: CONTENT_TYPES['.sql'],
    downloadName: downloadNameOf(parts, GLOBALS_EXTENSION),
  });
  return { ...stored, sha256: createHash('sha256').update(content).digest('hex') };
};

/**
 * A manifest that would be too large is stored without the parts that only a verification needs, so that very large schemas can be backed up.
 * @returns the stored manifest's facts. @throws ManifestTooLarge if it is still too large, and errors of the vault
 */
export const storeManifest = async (
  { vault }: Pick<ExportPorts, 'vault'>,
  key: string,
  made: Manifest,
): Promise<{ readonly manifest: Manifest; readonly sha256: string }> => {
  try {
    return { manifest: made, ...(await vault.storeManifest(key, made)) };
  } catch (error) {
    if (!(error instanceof ManifestTooLarge) || !made.definitions) throw error;
    const { definitions: _, standIns: __, ...kept } = made;
    const warning = `The manifest would have ${error.bytes} bytes, and the limit is ${MANIFEST.mostBytes}: so it does not list the definitions of the schema's objects, and a verification compares only tables, rows and sequences.`;
    const manifest = { ...kept, warnings: [warning, ...kept.warnings] };
    return { manifest, ...(await vault.storeManifest(key, manifest)) };
  }
};
