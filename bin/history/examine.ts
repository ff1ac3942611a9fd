import type { Backup } from '../../core/backup.ts';
import { keysBeside, manifestKeyBeside } from '../../core/keys.ts';
import type { Manifest } from '../../core/manifest.ts';
import { disagreements } from './disagreements.ts';
import { examineVault } from './examine-vault.ts';
import type { Finding } from './findings.ts';
import { readKey } from './holdings.ts';
import { damage, finding, heldIn, type Look, leftBehind } from './look.ts';
import { type ReadManifest, readAnyManifest, readManifestOf } from './trust.ts';

/**
 * Compares the row of one backup with its objects in the vault. Larder continues to work meanwhile, and the list of
 * the vault is older than the row. So an object is reported missing or left over only if a second check, in the
 * order in which Larder writes, confirms it.
 */
const isStillCompleted = async ({ ports, projectId, backupId }: Look, fileId: string) => {
  // A deleted row is written before its object is removed: an object is lost only if its row is not deleted.
  const row = await ports.rows.get(projectId, backupId);
  return row?.status === 'completed' && row.fileId === fileId;
};

const readBeside = async (look: Look, key: string): Promise<ReadManifest | undefined> => {
  const stem = look.stems.find(({ manifest }) => manifest?.key === key);
  if (stem?.manifest) return readManifestOf(look.ports, stem, stem.manifest);
  // Newer than the list, or under a key of another template.
  const there = await look.ports.vault.head(key);
  return there && readAnyManifest(look.ports, there);
};

const globalsOf = async (look: Look, { globals }: Manifest): Promise<readonly Finding[]> => {
  if (!globals) return [];
  const there = await look.ports.vault.head(globals.key);
  if (!there) return [finding(look, 'object-missing', 'its manifest names it', globals.key)];
  if (there.bytes === globals.bytes) return [];
  const why = `it has ${there.bytes} bytes, ${globals.bytes} are in its manifest`;
  return [finding(look, 'damaged', why, globals.key)];
};

/** The manifest of a completed backup whose object is there. */
const besideObject = async (look: Look, row: Backup, fileId: string) => {
  const key = manifestKeyBeside(fileId);
  const read = await readBeside(look, key);
  if (!read) {
    const isLost = await isStillCompleted(look, fileId);
    return isLost
      ? [finding(look, 'manifest-missing', 'its row and its object are there', key)]
      : [];
  }
  if ('refused' in read) return [finding(look, 'refused', read.refused, key)];
  const { signature } = read.manifest;
  const isForged =
    row.manifestSha256 === undefined &&
    signature !== undefined &&
    (await look.ports.manifestKeys?.verify(read.messageToSign(), signature)) === false;
  if (isForged) return [finding(look, 'refused', 'it is not signed with a given key', key)];
  const lines = disagreements(row, read);
  if (lines.length) return [finding(look, 'disagree', lines.join('; '), key)];
  return [...(await globalsOf(look, read.manifest)), ...(await damage(look, read.manifest))];
};

const ofCompleted = async (look: Look, row: Backup): Promise<readonly Finding[]> => {
  const { fileId } = row;
  if (!fileId) return [finding(look, 'object-missing', 'the row names no object')];
  const listed = look.stems.flatMap(heldIn).find(({ key }) => key === fileId);
  const object = listed ?? (await look.ports.vault.head(fileId));
  if (!object) {
    const isLost = await isStillCompleted(look, fileId);
    return isLost ? [finding(look, 'object-missing', 'the row names it', fileId)] : [];
  }
  if (object.bytes !== row.size) {
    const why = `it has ${object.bytes} bytes, ${row.size} are in its row`;
    return [finding(look, 'damaged', why, fileId)];
  }
  return besideObject(look, row, fileId);
};

/** Keys in the vault that a row in this state does not name. */
const givenUp = (look: Look, row: Backup): readonly string[] => {
  const keys = look.stems.flatMap(heldIn).map(({ key }) => key);
  const named = row.fileId === undefined ? [] : keysBeside(row.fileId);
  if (row.status === 'completed') return keys.filter((key) => !named.includes(key));
  // Under a key of another template it is not in this list.
  const isUnlisted =
    row.status === 'deleted' && row.fileId && !readKey(look.options.templates, row.fileId);
  return isUnlisted ? [...keys, ...named] : keys;
};

export const examine = async (look: Look): Promise<readonly Finding[]> => {
  const { row } = look;
  if (!row) return examineVault(look);
  // Its worker may store, adopt or remove any of its objects.
  if (row.status === 'pending' || row.status === 'in-progress') return [];
  const why =
    row.status === 'completed'
      ? `its row names ${row.fileId}`
      : `its row is ${row.status}${row.deletedAt ? ` since ${row.deletedAt}` : ''}`;
  const left = await leftBehind(look, givenUp(look, row), why);
  return row.status === 'completed' ? [...(await ofCompleted(look, row)), ...left] : left;
};
