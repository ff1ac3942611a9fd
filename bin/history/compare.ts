import type { Backup } from '../../core/backup.ts';
import { keysBeside } from '../../core/keys.ts';
import { eachInParallel, inParallel } from '../../core/parallel.ts';
import { examine } from './examine.ts';
import { type Comparison, emptyTally, type Finding, inOrder } from './findings.ts';
import { type Held, type Holding, holdingsOf, possibleOwners, type Stem } from './holdings.ts';
import type { LookOptions } from './look.ts';
import { BACKUPS_AT_ONCE, type HistoryPorts, PROJECTS_AT_ONCE, type Scope } from './ports.ts';

/**
 * Compares the history with the vault, in two passes: first everything in the vault, project by project, each with
 * its rows; then the rows of projects without any object in the vault. Only findings and project ids are kept in
 * memory.
 */
const stemsByBackup = (stems: readonly Stem[]): ReadonlyMap<string, readonly Stem[]> =>
  Map.groupBy(stems, ({ backupId }) => backupId);

type Options = Omit<LookOptions, 'templates'>;

/** @throws the reason of `signal`, UploadInterrupted, VaultRefused, and errors of AWS */
export const compareHistory = async (
  ports: HistoryPorts,
  scope: Scope,
  options: Options,
): Promise<Comparison> => {
  const tally = emptyTally();
  const findings: Finding[] = [];
  const seen = new Set<string>();
  let backups = 0;

  const compareBackup = async (
    projectId: string,
    backupId: string,
    row: Backup | undefined,
    stems: readonly Stem[],
  ): Promise<void> => {
    ports.signal.throwIfAborted();
    if (row) tally.history.rows[row.status] += 1;
    const found = await examine({
      ports,
      options: { ...options, templates: scope.templates },
      projectId,
      backupId,
      stems,
      ...(row ? { row } : {}),
    });
    if (found.length === 0 && row?.status === 'completed') tally.same += 1;
    findings.push(...found);
    backups += 1;
    ports.progress({ projects: seen.size, backups });
  };

  const compareProject = async (projectId: string, stems: readonly Stem[]): Promise<void> => {
    seen.add(projectId);
    const rows = new Map((await ports.rows.backupsOf(projectId)).map((row) => [row.id, row]));
    const held = stemsByBackup(stems);
    if (rows.size) tally.history.projects += 1;
    const ids = [...new Set([...rows.keys(), ...held.keys()])];
    await inParallel(ids, BACKUPS_AT_ONCE, (id) =>
      compareBackup(projectId, id, rows.get(id), held.get(id) ?? []),
    );
  };

  const count = (stems: readonly Stem[]): void => {
    if (stems.length) tally.vault.projects += 1;
    for (const { objects, manifest } of stems) {
      tally.vault.objects += objects.length;
      tally.vault.bytes += objects.reduce((sum, { bytes }) => sum + bytes, 0);
      if (manifest) tally.vault.manifests += 1;
    }
  };

  /** A key that fits no template may still belong to a row that names it: the template may have changed since. */
  const compareForeign = async ({ key }: Held): Promise<void> => {
    for (const { projectId, backupId } of possibleOwners(key)) {
      const row = await ports.rows.get(projectId, backupId);
      if (row?.fileId && keysBeside(row.fileId).includes(key)) return;
    }
    findings.push({ kind: 'foreign', key, why: 'it matches no key template, and no row names it' });
  };

  const compareHolding = async (holding: Holding): Promise<void> => {
    ports.signal.throwIfAborted();
    if (holding.kind === 'foreign') return compareForeign(holding.object);
    count(holding.stems);
    await compareProject(holding.projectId, holding.stems);
  };

  await eachInParallel(holdingsOf(ports.vault, scope), PROJECTS_AT_ONCE, compareHolding);
  if (scope.projectId === undefined) {
    await eachInParallel(ports.rows.projects(), PROJECTS_AT_ONCE, async (projectId) => {
      if (!seen.has(projectId)) await compareProject(projectId, []);
    });
  }
  return { ...tally, findings: findings.sort(inOrder) };
};
