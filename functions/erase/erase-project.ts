import { iso } from '../../core/backup.ts';
import { VAULT } from '../../core/contract.ts';
import {
  type Erasure,
  type ErasureStatement,
  erasureMessage,
  type Remaining,
  type Removed,
  type SignedStatement,
} from '../../core/erasure.ts';
import { keysBeside, projectPrefixOf } from '../../core/keys.ts';
import type { ErasePorts, EraseSettings } from './ports.ts';

/**
 * Removes everything of a project: schedules, unfinished uploads, objects with all versions, rows. Its registry row stays and says so.
 *
 * It may be killed at any point and started again: sweep starts it until it has ended, and every step removes what it finds. Rows are
 * removed after the objects that they name, so that a later attempt still finds these. The statement is signed only when a look through
 * the table and the vault finds nothing more.
 *
 * Nothing new begins while it works: the API, planning and the registry refuse a project whose row says that it is erased. A worker that
 * began before may still write; so running work is cancelled first and waited for, and sweep has the project looked at a second time.
 */
const LEASE_SECONDS = 120;
/** Locks last for days. */
const LOCKED_SECONDS = 24 * 3600;
/** Planning that began before the request may still write rows for 15 minutes. */
const SECOND_LOOK_SECONDS = 3600;
const LOOK_AGAIN_MS = 5000;
const ROWS_BEFORE_NOTE = 500;

export interface EraseWork {
  /** Milliseconds until the function must stop. */
  readonly remainingMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

const RESERVE_MS = 30_000;

const plus = (one: Removed, more: Partial<Removed>): Removed => ({
  objects: one.objects + (more.objects ?? 0),
  uploads: one.uploads + (more.uploads ?? 0),
  rows: one.rows + (more.rows ?? 0),
  schedules: one.schedules + (more.schedules ?? 0),
});

/** Cancels what waits or runs. Returns how many have not stopped. */
const cancelWork = async ({ rows, work }: ErasePorts, projectId: string): Promise<number> => {
  let open = 0;
  for await (const { row } of rows.all(projectId)) {
    if (row.kind === 'other' || !row.isOpen) continue;
    const status = await work[row.kind].requestCancel(projectId, row.id);
    if (status === 'pending' || status === 'in-progress') open += 1;
  }
  return open;
};

/** Prefixes of the project's objects: under the present key template and the one by default. */
const prefixesOf = ({ keyTemplate }: EraseSettings, projectId: string): readonly string[] => [
  ...new Set([keyTemplate, VAULT.defaultKeyTemplate].map((one) => projectPrefixOf(one, projectId))),
];

interface Step {
  readonly removed: Partial<Removed>;
  readonly remaining?: Remaining;
}

const removeUploads = async ({ vault }: ErasePorts, prefixes: readonly string[]): Promise<Step> => {
  let uploads = 0;
  for (const prefix of prefixes) {
    for await (const { key, uploadId } of vault.uploads(prefix)) {
      await vault.abortUpload(key, uploadId);
      uploads += 1;
    }
  }
  return { removed: { uploads } };
};

/** Of several reasons, a lock explains more. */
const worse = (one: Remaining | undefined, other: Remaining | undefined): Remaining | undefined =>
  one && other
    ? {
        reason: one.reason === 'object-lock' ? one.reason : other.reason,
        objects: one.objects + other.objects,
      }
    : (one ?? other);

const stepOf = (removed: Partial<Removed>, remaining: Remaining | undefined): Step => ({
  removed,
  ...(remaining && { remaining }),
});

const removeObjects = async (
  { objects }: ErasePorts,
  prefixes: readonly string[],
): Promise<Step> => {
  let total = 0;
  let left: Remaining | undefined;
  for (const prefix of prefixes) {
    const { removed, remaining } = await objects.eraseBelow(prefix);
    total += removed;
    left = worse(left, remaining);
  }
  return stepOf({ objects: total }, left);
};

/** Rows, and the objects that they name under earlier key templates. A row whose object can't be removed stays. */
const removeRows = async (
  { rows, objects }: ErasePorts,
  projectId: string,
  prefixes: readonly string[],
  hasTime: () => boolean,
): Promise<Step & { readonly isCutShort: boolean }> => {
  const removed = { rows: 0, objects: 0 };
  let left: Remaining | undefined;
  for await (const { sk, row } of rows.all(projectId)) {
    if (!hasTime() || removed.rows === ROWS_BEFORE_NOTE)
      return { ...stepOf(removed, left), isCutShort: true };
    const fileId = row.kind === 'backup' ? row.fileId : undefined;
    if (fileId !== undefined && !prefixes.some((prefix) => fileId.startsWith(prefix))) {
      const erased = await objects.eraseKeys(keysBeside(fileId));
      removed.objects += erased.removed;
      left = worse(left, erased.remaining);
      if (erased.remaining) continue;
    }
    await rows.remove(projectId, sk);
    removed.rows += 1;
  }
  return { ...stepOf(removed, left), isCutShort: false };
};

const sign = async (
  { signer }: ErasePorts,
  { environment }: EraseSettings,
  erasure: Erasure,
  completedAt: string,
): Promise<SignedStatement> => {
  const statement: ErasureStatement = {
    version: 1,
    kind: 'erasure',
    environment,
    projectId: erasure.projectId,
    requestedAt: erasure.requestedAt,
    ...(erasure.requestedBy !== undefined && { requestedBy: erasure.requestedBy }),
    completedAt,
    removed: erasure.removed,
  };
  const text = JSON.stringify(statement);
  return { text, signature: await signer.sign(erasureMessage(text)) };
};

/** `waits`: work has not stopped, or there is more to remove. `locked`: objects can't be removed. Sweep starts it again for both. */
export type EraseOutcome = 'completed' | 'waits' | 'locked' | 'taken';

/** One pass over everything. Returns the erasure after it, and whether the pass found nothing more to remove. */
const pass = async (
  ports: ErasePorts,
  settings: EraseSettings,
  erasure: Erasure,
  hasTime: () => boolean,
): Promise<{ readonly erasure: Erasure; readonly isClean: boolean }> => {
  const { projectId } = erasure;
  const prefixes = prefixesOf(settings, projectId);
  const schedules = await ports.schedules.removeAll({ projectId });
  const uploads = await removeUploads(ports, prefixes);
  const objects = await removeObjects(ports, prefixes);
  const rows = objects.remaining
    ? { removed: {}, isCutShort: false }
    : await removeRows(ports, projectId, prefixes, hasTime);
  const found = [{ removed: { schedules } }, uploads, objects, rows] as readonly Step[];
  const removed = found.reduce((sum, one) => plus(sum, one.removed), erasure.removed);
  const remaining = found.reduce<Remaining | undefined>(
    (sum, one) => worse(sum, one.remaining),
    undefined,
  );
  const { remaining: _, ...before } = erasure;
  const next: Erasure = {
    ...before,
    removed,
    waitingFor: 0,
    ...(remaining && { remaining }),
  };
  const isClean =
    !rows.isCutShort && found.every(({ removed: one }) => Object.values(one).every((n) => n === 0));
  return { erasure: next, isClean };
};

/** Cancels running work until it has stopped or the time is up. Returns how many still run. */
const waitForWork = async (
  ports: ErasePorts,
  erasure: Erasure,
  { sleep }: EraseWork,
  hasTime: () => boolean,
): Promise<number> => {
  const { projectId } = erasure;
  for (;;) {
    const waitingFor = await cancelWork(ports, projectId);
    if (waitingFor === 0) return 0;
    await ports.erasures.keep({ ...erasure, waitingFor });
    if (!hasTime()) return waitingFor;
    await sleep(LOOK_AGAIN_MS);
    await ports.erasures.release(projectId, LEASE_SECONDS);
  }
};

const finish = async (
  ports: ErasePorts,
  settings: EraseSettings,
  erasure: Erasure,
): Promise<EraseOutcome> => {
  const { erasures, clock, log } = ports;
  const { projectId } = erasure;
  if (erasure.status === 'completed') {
    await erasures.close(projectId);
    return 'completed';
  }
  const completedAt = iso(clock());
  const statement = await sign(ports, settings, erasure, completedAt);
  await erasures.keep({ ...erasure, status: 'completed', completedAt, statement });
  await erasures.release(projectId, SECOND_LOOK_SECONDS);
  log.warn('a project was erased', { projectId, removed: erasure.removed });
  return 'completed';
};

/** @throws errors of AWS; sweep starts it again */
export const eraseProject = async (
  ports: ErasePorts,
  settings: EraseSettings,
  projectId: string,
  work: EraseWork,
): Promise<EraseOutcome> => {
  const { erasures, log } = ports;
  const hasTime = (): boolean => work.remainingMs() > RESERVE_MS;
  let erasure = await erasures.claim(projectId, LEASE_SECONDS);
  if (!erasure) return 'taken';
  if ((await waitForWork(ports, erasure, work, hasTime)) > 0) {
    await erasures.release(projectId, 0);
    return 'waits';
  }
  while (hasTime()) {
    const looked = await pass(ports, settings, erasure, hasTime);
    erasure = looked.erasure;
    await erasures.keep(erasure);
    if (erasure.remaining) {
      log.error('objects of a project to be erased can not be removed', {
        projectId,
        ...erasure.remaining,
      });
      await erasures.release(projectId, LOCKED_SECONDS);
      return 'locked';
    }
    if (looked.isClean) return await finish(ports, settings, erasure);
    await erasures.release(projectId, LEASE_SECONDS);
  }
  await erasures.release(projectId, 0);
  return 'waits';
};
