import { type Backup, iso, millis } from '../../core/backup.ts';
import { VAULT } from '../../core/contract.ts';
import { type KeyParts, keysBeside, parseKey } from '../../core/keys.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import { DAY, type Step, type SweepPorts } from './step.ts';

/**
 * Objects that attempts left in the vault. The vault may hold the last copy of a backup whose history was lost, so this
 * removes only objects that the history releases: objects of a final row that names another object, or
 * none. Objects without a row are counted and logged, so that a person can look at them; so are objects under a key that the
 * present template did not make.
 */
const NAMED_IN_LOG = 20;
/** Number of keys between two records of a round's progress. */
const NOTE_EVERY = 500;

/** Rows by key of the vault; an object and its manifest are adjacent, so the last row is kept. */
const makeRows = ({ history }: SweepPorts) => {
  let last: { readonly id: string; readonly row: Backup | undefined } | undefined;
  return async ({ projectId, backupId }: KeyParts): Promise<Backup | undefined> => {
    if (last?.id !== `${projectId}/${backupId}`) {
      last = { id: `${projectId}/${backupId}`, row: await history.get(projectId, backupId) };
    }
    return last.row;
  };
};

/** Uploads that no attempt will complete. S3 keeps, and bills, their parts until they are aborted. */
export const sweepUploads = async (ports: SweepPorts, step: Step): Promise<void> => {
  const { vault, log, keyTemplate } = ports;
  const rowOf = makeRows(ports);
  for await (const { key, uploadId, startedAt } of vault.uploads(VAULT.prefix)) {
    if (!step.hasTime()) return;
    const parts = parseKey(keyTemplate, key);
    if (!parts) continue;
    await step.attempt(async () => {
      const row = await rowOf(parts);
      const isOld = step.now - millis(startedAt) > DAY;
      const isWorkedOn = row?.status === 'in-progress' && row.attempt === parts.attempt;
      if (isWorkedOn || !(isOld || (row && isFinal(row.status)))) return;
      await vault.abortUpload(key, uploadId);
      step.count('uploadsAborted');
      log.warn('an unfinished upload was aborted', { key, startedAt });
    });
  }
};

/** `stray`: no row of the history names it. `leftover`: its row is final and does not name it. */
const standingOf = (key: string, row: Backup | undefined): 'kept' | 'leftover' | 'stray' => {
  if (!row) return 'stray';
  if (row.status === 'failed' || row.status === 'cancelled' || row.status === 'deleted') {
    return 'leftover';
  }
  // If a row is still open, an earlier attempt's backup may yet be adopted.
  if (row.status !== 'completed' || !row.fileId) return 'kept';
  return keysBeside(row.fileId).includes(key) ? 'kept' : 'leftover';
};

/** A round through all objects a day, continued by one sweep where the last one stopped. */
export const sweepVault = async (ports: SweepPorts, step: Step): Promise<void> => {
  const { vault, rounds, log, keyTemplate } = ports;
  const last = await rounds.last();
  if (last && last.after === undefined && step.now - millis(last.begunAt) < DAY) return;
  const begunAt = last?.after === undefined ? iso(step.now) : last.begunAt;
  const rowOf = makeRows(ports);
  const strays: string[] = [];
  let looked = 0;
  let position = last?.after;
  // A round that an older version began has counted nothing so far: it measures nothing.
  const isCounted = last?.after === undefined || last.seen !== undefined;
  const seen = { objects: 0, bytes: 0, ...(last?.after !== undefined && last.seen) };
  const measured = last?.measured;

  const look = async (key: string): Promise<void> => {
    const parts = parseKey(keyTemplate, key);
    if (!parts) return step.count('unknownObjects');
    const standing = standingOf(key, await rowOf(parts));
    // A worker that outlived the erasure of its project may have stored it.
    if (standing === 'stray' && (await ports.erasures.get(parts.projectId))) {
      await vault.remove([key]);
      step.count('objectsRemoved');
      log.warn('an object of an erased project was removed', { key });
      return;
    }
    if (standing === 'stray') {
      step.count('strays');
      if (strays.length < NAMED_IN_LOG) strays.push(key);
    }
    if (standing !== 'leftover') return;
    await vault.remove([key]);
    step.count('objectsRemoved');
    log.warn('an object that its backup does not name was removed', { key });
  };
  const note = async (): Promise<void> => {
    if (position === undefined) return;
    await rounds.keep({
      begunAt,
      after: position,
      ...(isCounted && { seen: { ...seen } }),
      ...(measured && { measured }),
    });
  };

  let isCutShort = false;
  for await (const { key, bytes, modifiedAt } of vault.list(VAULT.prefix, position)) {
    isCutShort = !step.hasTime();
    if (isCutShort) break;
    if (step.now - millis(modifiedAt) > DAY) await step.attempt(() => look(key));
    position = key;
    seen.objects += 1;
    seen.bytes += bytes;
    looked += 1;
    if (looked % NOTE_EVERY === 0) await note();
  }
  if (strays.length) log.warn('objects in the vault have no row in the history', { strays });
  if (isCutShort) await note();
  else {
    const found = isCounted ? { ...seen, at: iso(step.now) } : measured;
    await rounds.keep({ begunAt, ...(found && { measured: found }) });
  }
};
