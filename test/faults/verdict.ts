import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Backup } from '../../core/backup.ts';
import { TEMPLATES } from '../../core/contract.ts';
import { keysBeside, manifestKeyBeside } from '../../core/keys.ts';
import { FAULTS, type FaultName, type Verdict } from './catalogue.ts';
import type { Bench } from './harness.ts';

/**
 * The measured outcome of a fault: the row, the object byte by byte, what else is in the vault, who reported it, and
 * which sessions are left on the server. What is never allowed, whatever the fault, fails here; the rest is compared
 * with the catalogue.
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const backendsOf = async ({ room }: Bench, { id }: Pick<Backup, 'id'>): Promise<number> => {
  const found = await room.postgres.sql(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'larder/${id}/%'`,
  );
  return found.rows[0].n;
};

/** Ours end within 10 s of the export's end. */
export const expectNoBackend = async (bench: Bench, backup: Pick<Backup, 'id'>): Promise<void> => {
  for (let tries = 0; tries < 100 && (await backendsOf(bench, backup)) > 0; tries += 1) {
    await sleep(100);
  }
  expect(await backendsOf(bench, backup), 'backends left on the server').toBe(0);
};

const endOf = ({ status, attempt, error }: Backup): string => {
  if (status === 'completed') return `completed at attempt ${attempt}`;
  return status === 'failed' ? `failed: ${error?.name}` : status;
};

/** Reads the object back: no backup may be completed that is not whole. */
const objectOf = async (
  { vault, room, bucket }: Bench,
  row: Backup,
): Promise<Verdict['object']> => {
  if (row.status !== 'completed') {
    expect(row.fileId, 'an object named by a row that is not completed').toBeUndefined();
    return 'none';
  }
  const key = row.fileId ?? '';
  // The emulator decodes its paths as S3 does, so a key's own % is encoded once more.
  const path = key.split('/').map(encodeURIComponent).join('/');
  const answer = await fetch(`${room.store.url}/${bucket}/${path}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.length).toBe(row.size);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.checksum);
  const rows = await room.postgres.sql(
    `SELECT count(*)::int AS n FROM ${row.projectId}.orders`,
    room.database,
  );
  expect(row.rowCount).toBe(rows.rows[0].n);
  const manifest = (await vault.readManifest(manifestKeyBeside(key)))?.manifest;
  expect(manifest?.object).toMatchObject({ key, bytes: row.size, sha256: row.checksum });
  return manifest?.backup.attempt === row.attempt ? 'whole' : 'whole, adopted';
};

/** Objects in the vault that the row does not name. */
const leftOf = async ({ vault }: Bench, { fileId }: Backup): Promise<string[]> => {
  const named: readonly string[] = fileId ? keysBeside(fileId) : [];
  const left: string[] = [];
  for await (const { key } of vault.list('')) {
    // Kept templates belong to the source and not to a backup.
    if (!named.includes(key) && !key.startsWith(TEMPLATES.prefix)) left.push(key);
  }
  const words: string[] = left.map((key) => (key.endsWith('.json') ? 'a manifest' : 'an object'));
  for await (const _ of vault.uploads('')) words.push('an upload');
  return words.sort();
};

const tellings = (bench: Bench, { projectId, id }: Backup): number =>
  bench.outcomes().filter((outcome) => {
    const { projectId: project, backupId } = outcome as { projectId?: string; backupId?: string };
    return project === projectId && backupId === id;
  }).length;

const openRows = async ({ historyAt }: Bench): Promise<string[]> => {
  const open: string[] = [];
  for (const state of ['pending', 'in-progress'] as const) {
    for await (const { id } of historyAt(Date.now).open(state)) open.push(id);
  }
  return open;
};

/** Measures the outcome, lets two sweeps run, and checks what must hold after them. */
export const verdictOf = async (bench: Bench, backup: Backup): Promise<Verdict> => {
  await expectNoBackend(bench, backup);
  const row = await bench.row(backup);
  const left = await leftOf(bench, row);
  const reportedByWorker = tellings(bench, backup);
  for (const after of [15 * MINUTE, 26 * HOUR]) {
    expect((await bench.sweepAfter(after)).failures).toEqual([]);
  }
  const unchanging = ({ toldAt: _, ttl: __, ...kept }: Backup) => kept;
  expect(unchanging(await bench.row(backup)), 'a final row changed').toEqual(unchanging(row));
  expect(await leftOf(bench, row), 'left in the vault after the sweep').toEqual([]);
  expect(await openRows(bench)).not.toContain(backup.id);
  const reportedBySweep = tellings(bench, backup) - reportedByWorker;
  return {
    ends: endOf(row),
    object: await objectOf(bench, row),
    reported: reportedByWorker ? 'by the worker' : reportedBySweep ? 'by the sweep' : 'nobody',
    left: left.length ? `${left.join(' and ')}, until the sweep` : 'nothing',
  };
};

/** A test of one fault: the outcome is the one in the catalogue. */
export const fault = (name: FaultName, work: () => Promise<Verdict>): void => {
  it.concurrent(name, async () => {
    expect(await work()).toEqual(FAULTS[name]);
  });
};
