import { setTimeout as pause } from 'node:timers/promises';
import { type Backup, millis } from '../../core/backup.ts';
import { describeError } from '../../core/errors/base.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Difference, Finding } from './findings.ts';
import type { Held, Stem } from './holdings.ts';
import type { HistoryPorts } from './ports.ts';
import { damageOf } from './trust.ts';

/** One backup to compare: its row, if there is one, and its objects in the vault's list. */
export interface Look {
  readonly ports: HistoryPorts;
  readonly options: LookOptions;
  readonly projectId: string;
  readonly backupId: string;
  readonly row?: Backup;
  readonly stems: readonly Stem[];
}

export interface LookOptions {
  readonly templates: readonly string[];
  readonly checksums: boolean;
  /** How long to wait for an object that was just deleted to disappear, milliseconds. */
  readonly patienceMs: number;
}

export const finding = (
  { projectId, backupId }: Look,
  kind: Difference,
  why: string,
  key?: string,
): Finding => ({ kind, projectId, backupId, ...(key === undefined ? {} : { key }), why });

export const heldIn = ({ objects, manifest, globals }: Stem): readonly Held[] => [
  ...objects,
  ...(manifest ? [manifest] : []),
  ...(globals ? [globals] : []),
];

export const isThere = async ({ ports }: Look, key: string): Promise<boolean> =>
  (await ports.vault.head(key)) !== undefined;

/** Differences between the objects' contents and the manifest, if that check was requested. */
export const damage = async (look: Look, manifest: Manifest): Promise<readonly Finding[]> => {
  if (!look.options.checksums) return [];
  const { key } = manifest.object;
  try {
    const why = await damageOf(look.ports, manifest);
    return why === undefined ? [] : [finding(look, 'damaged', why, key)];
  } catch (error) {
    return [finding(look, 'unread', describeError(error).message, key)];
  }
};

/** How long after its row an object of a deleted backup may remain: the stream usually retries for this long. */
const JUST_DELETED_MS = 15 * 60_000;

/** Keys of this backup that its row does not name. Keys that disappear during the check are being deleted. */
export const leftBehind = async (
  look: Look,
  keys: readonly string[],
  why: string,
): Promise<readonly Finding[]> => {
  const { ports, options, row } = look;
  const isNew =
    row?.deletedAt !== undefined && ports.clock() - millis(row.deletedAt) < JUST_DELETED_MS;
  const still: Finding[] = [];
  for (const key of keys) {
    if (!(await isThere(look, key))) continue;
    if (isNew) {
      await pause(options.patienceMs, undefined, { signal: ports.signal });
      if (!(await isThere(look, key))) continue;
    }
    still.push(finding(look, 'left-behind', why, key));
  }
  return still;
};
