import type { Backup } from './backup.ts';
import { countsOf } from './completion.ts';
import { InvalidInput } from './errors/request.ts';
import { BackupDamaged, BackupGone, ManifestReplaced } from './errors/vault.ts';
import { manifestKeyBeside } from './keys.ts';
import type { Manifest } from './manifest.ts';
import type { ManifestVerifier } from './manifest-signature.ts';
import { sharedProjectId } from './project.ts';
import type { StoredManifest, Vault } from './vault-ports.ts';

/**
 * What proves that an export wrote a manifest: its SHA-256 in the backup's row (`digest`); for rows of older versions,
 * which do not have it, its signature; without either, the row alone, with key, size, SHA-256 and counts of the backup.
 */
export type Vouched = 'digest' | 'signature' | 'row';

export interface TrustedManifest {
  readonly manifest: Manifest;
  readonly vouched: Vouched;
}

/** Compares the values that both row and manifest have. */
const disagreements = (backup: Backup, manifest: Manifest): string[] => {
  const pairs = [
    ['backup', backup.id, manifest.backup.id],
    ['project', backup.projectId, manifest.project.id],
    ['key', backup.fileId, manifest.object.key],
    ['size', backup.size, manifest.object.bytes],
    ['SHA-256', backup.checksum, manifest.object.sha256],
    ['source', backup.source, manifest.source.name],
    ['content', backup.content, manifest.options.content],
    ['format', backup.format, manifest.options.format],
    ['compression', backup.compression, manifest.options.compression],
    ['number of tables', backup.tableCount, countsOf(manifest.tables).tableCount],
    ['number of rows', backup.rowCount, countsOf(manifest.tables).rowCount],
  ] as const;
  return pairs.flatMap(([what, ofRow, ofManifest]) =>
    ofRow === ofManifest ? [] : [`the manifest beside it names another ${what}`],
  );
};

/** Only a source's shared schemas are exported together. */
export const hasOthersSchemas = ({ project, source }: Manifest): boolean =>
  project.schemas !== undefined && !project.id.endsWith(sharedProjectId(source.name));

/** Why an unsigned manifest is not accepted, although its row exists. */
const unsignedProblem = (backup: Backup, manifest: Manifest): string | undefined => {
  if (hasOthersSchemas(manifest))
    return 'its manifest, which is not signed, names several schemas, but the project has one';
  if (backup.schemaName !== manifest.project.schemaName)
    return 'its manifest, which is not signed, names another schema than its row';
  return undefined;
};

const vouchedBy = async (
  verifier: ManifestVerifier,
  backup: Backup,
  { manifest, sha256, messageToSign }: StoredManifest,
): Promise<Vouched | { readonly problem: string }> => {
  if (backup.manifestSha256 !== undefined) {
    if (sha256 === backup.manifestSha256) return 'digest';
    return { problem: REPLACED };
  }
  if (manifest.signature) {
    if (await verifier.verify(messageToSign(), manifest.signature)) return 'signature';
    return { problem: 'its manifest is signed with a key that is not of this stack' };
  }
  const problem = unsignedProblem(backup, manifest);
  return problem === undefined ? 'row' : { problem };
};

const REPLACED = 'its manifest has changed since it was stored';

const unreadable = (fileId: string, error: unknown): unknown => {
  if (error instanceof ManifestReplaced) return new BackupDamaged(fileId, REPLACED);
  return error instanceof InvalidInput ? new BackupDamaged(fileId, error.message) : error;
};

/**
 * The manifest of a completed backup.
 * @throws BackupGone, BackupDamaged if it is not the stored one, and errors of reading and of the key
 */
export const trustedManifest = async (
  ports: {
    readonly vault: Pick<Vault, 'readManifest'>;
    readonly manifestKeys: ManifestVerifier;
  },
  backup: Backup,
  fileId: string,
): Promise<TrustedManifest> => {
  const key = manifestKeyBeside(fileId);
  const stored = await ports.vault
    .readManifest(key, backup.manifestSha256)
    .catch((error: unknown) => {
      throw unreadable(fileId, error);
    });
  if (!stored) throw new BackupGone(key);
  const { manifest } = stored;
  const vouched = await vouchedBy(ports.manifestKeys, backup, stored);
  if (typeof vouched === 'object') throw new BackupDamaged(fileId, vouched.problem);
  const [disagreement] = disagreements(backup, manifest);
  if (disagreement) throw new BackupDamaged(fileId, disagreement);
  return { manifest, vouched };
};
