import { iso, millis } from '../../core/backup.ts';
import { MANIFEST } from '../../core/contract.ts';
import { quoted } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { ManifestTooLarge } from '../../core/errors/vault.ts';
import { timeOf } from '../../core/ids.ts';
import { basicTime, extensionOf, GLOBALS_EXTENSION } from '../../core/keys.ts';
import type { Manifest } from '../../core/manifest.ts';
import { sourceName } from '../../core/settings.ts';
import { hasOthersSchemas } from '../../core/trusted-manifest.ts';
import type { StoredManifest, StoredObject } from '../../core/vault-ports.ts';
import type { Held, Stem } from './holdings.ts';
import type { HistoryPorts } from './ports.ts';

/**
 * A manifest is accepted only if it agrees with its own key. IAM protects the key: a caller that may write below
 * one project's prefix can store any JSON there, but must not be able to write history of another project with it.
 */
export type ReadManifest =
  | StoredManifest
  /** Why it is not trusted, as text without a full stop at the end. */
  | { readonly refused: string };

const HOUR = 3_600_000;
/** Longer than any export may run. */
const LONGEST_MS = 24 * HOUR;

const isInstant = (time: string): boolean => {
  const at = millis(time);
  return Number.isFinite(at) && iso(at) === time;
};

const times = ({ backup, timings }: Manifest, modifiedAt: string): string | undefined => {
  if (![backup.createdAt, backup.startedAt, backup.expiresAt].every(isInstant))
    return 'its times are not in the format of Larder';
  if (!(timings.totalMs >= 0 && timings.totalMs <= LONGEST_MS))
    return 'its timings are not possible for an export';
  // The newest backup of a project outlives all others, so none may have a date later than S3's own clock.
  const newest = Math.max(timeOf(backup.id), millis(backup.createdAt), millis(backup.startedAt));
  if (newest > millis(modifiedAt) + HOUR) return 'it is dated later than the vault received it';
  return undefined;
};

const notItsKey = (manifest: Manifest, stem: Stem): string | undefined => {
  const { backup, project, object, options, globals } = manifest;
  if (project.id !== stem.projectId)
    return `it is about project ${quoted(project.id)}, but lies in the folder of ${quoted(stem.projectId)}`;
  if (backup.id !== stem.backupId) return `it is about backup ${quoted(backup.id)}`;
  if (backup.attempt !== stem.attempt) return `it is about attempt ${backup.attempt}`;
  if (basicTime(backup.createdAt) !== basicTime(stem.createdAt))
    return `it is about a backup created at ${backup.createdAt}`;
  if (object.key !== `${stem.stem}${extensionOf(options.format, options.compression)}`)
    return `it names the object ${quoted(object.key)}, which is not the one beside it`;
  if (globals && globals.key !== `${stem.stem}${GLOBALS_EXTENSION}`)
    return `it names the globals ${quoted(globals.key)}, which are not those beside it`;
  return undefined;
};

const problemOf = (manifest: Manifest, stem: Stem, modifiedAt: string): string | undefined => {
  if (!sourceName.safeParse(manifest.source.name).success)
    return `no source can have the name ${quoted(manifest.source.name.slice(0, 100))}`;
  // Times first: the times in the form that keys use are derived from them.
  return times(manifest, modifiedAt) ?? notItsKey(manifest, stem);
};

/**
 * Reads the object under a manifest's key, whatever its content.
 * @returns undefined if it was removed after it was listed
 * @throws UploadInterrupted, VaultRefused
 */
export const readAnyManifest = async (
  { vault }: Pick<HistoryPorts, 'vault'>,
  { key, bytes }: StoredObject,
): Promise<ReadManifest | undefined> => {
  const tooLarge = (found: number) => ({
    refused: `it has ${found} bytes, more than any manifest`,
  });
  if (bytes > MANIFEST.mostBytes) return tooLarge(bytes);
  try {
    return await vault.readManifest(key);
  } catch (error) {
    if (error instanceof ManifestTooLarge) return tooLarge(error.bytes);
    if (!(error instanceof InvalidInput)) throw error;
    const [first = 'it is not a manifest'] = error.problems;
    return { refused: `it can't be read: ${first}` };
  }
};

/** Reads the manifest of a stem, and trusts it only if everything in it matches its key. */
export const readManifestOf = async (
  ports: Pick<HistoryPorts, 'vault'>,
  stem: Stem,
  held: Held,
): Promise<ReadManifest | undefined> => {
  const read = await readAnyManifest(ports, held);
  if (!read || 'refused' in read) return read;
  const problem = problemOf(read.manifest, stem, held.modifiedAt);
  return problem === undefined ? read : { refused: problem };
};

/** The conditions for accepting a manifest without a row. */
export interface Belief {
  /** Also accepts manifests of older versions, which are not signed. */
  readonly acceptUnsigned: boolean;
}

const UNSIGNED =
  'it is not signed: rebuild accepts unsigned manifests of older versions with --accept-unsigned';

/** An unsigned manifest proves nothing: the registry must have its schema for the project. */
const unsignedProblem = async (
  { registry }: Pick<HistoryPorts, 'registry'>,
  manifest: Manifest,
): Promise<string | undefined> => {
  const { id, schemaName } = manifest.project;
  if (hasOthersSchemas(manifest)) return 'it is not signed, and names several schemas';
  const known = await registry.get(id);
  if (!known)
    return 'it is not signed, and the registry does not have its project yet: run a discovery first (POST /runs)';
  if (known.schemaName !== schemaName)
    return `it is not signed, and names schema ${quoted(schemaName)}, but its project has ${quoted(known.schemaName)}`;
  return undefined;
};

/** Checks a manifest that has no row. @returns why it is not accepted @throws errors of the key and the registry */
export const doubtOf = async (
  ports: Pick<HistoryPorts, 'registry' | 'manifestKeys'>,
  { acceptUnsigned }: Belief,
  { manifest, messageToSign }: StoredManifest,
): Promise<string | undefined> => {
  const { signature } = manifest;
  if (signature && ports.manifestKeys) {
    return (await ports.manifestKeys.verify(messageToSign(), signature))
      ? undefined
      : `it is not signed with a given key (it names ${signature.keyId})`;
  }
  if (acceptUnsigned) return await unsignedProblem(ports, manifest);
  return signature
    ? 'it is signed, and no key was given to verify the signature: --manifest-key'
    : UNSIGNED;
};

/** Why the objects of a stem do not match its manifest, by the sizes in the vault's list; undefined if they match. */
export const missingOf = (manifest: Manifest, stem: Stem): string | undefined => {
  const beside = [...stem.objects, ...(stem.globals ? [stem.globals] : [])];
  for (const wanted of [manifest.object, ...(manifest.globals ? [manifest.globals] : [])]) {
    const found = beside.find(({ key }) => key === wanted.key);
    if (!found) return `${wanted.key} is not there`;
    if (found.bytes !== wanted.bytes)
      return `${wanted.key} has ${found.bytes} bytes, ${wanted.bytes} are in its manifest`;
  }
  return undefined;
};

/**
 * Reads the objects of a manifest, and returns how they differ from it; undefined if they match.
 * @throws errors of reading
 */
export const damageOf = async (
  { digest }: Pick<HistoryPorts, 'digest'>,
  { object, globals }: Pick<Manifest, 'object' | 'globals'>,
): Promise<string | undefined> => {
  for (const wanted of [object, ...(globals ? [globals] : [])]) {
    const found = await digest(wanted.key);
    if (found.sha256 !== wanted.sha256)
      return `${wanted.key} has the SHA-256 ${found.sha256}, ${wanted.sha256} is in its manifest`;
  }
  return undefined;
};
