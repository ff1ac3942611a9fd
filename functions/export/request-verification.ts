import { type Backup, iso, millis } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { describeError } from '../../core/errors/base.ts';
import { sha256Hex, uuidv7 } from '../../core/ids.ts';
import type { Verification } from '../../core/verification.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';

/**
 * Decides whether a backup that has just completed is verified without a request, and requests it. A failure here does not change
 * the backup: it is completed, and only stays unverified.
 */
type Ports = Pick<ExportPorts, 'verifications' | 'verificationQueue' | 'clock' | 'log'>;
type Options = Pick<ExportOptions, 'verification' | 'settings' | 'environment'>;

const DAY_MS = 86_400_000;

/** The number of a time's week, by ISO 8601 in UTC: weeks begin on Mondays, and the epoch was a Thursday. */
const weekOf = (time: number): number => Math.floor((time / DAY_MS + 3) / 7);

/** From 0 to 1, always the same for one backup. */
const lotOf = (backupId: string): number =>
  Number.parseInt(sha256Hex(`verification\0${backupId}`).slice(0, 8), 16) / 2 ** 32;

const RECENT = 10;

/**
 * One verification per week without a request. One that could not run counts: a backup that is too large today is too large tomorrow. One
 * that found the backup bad does not count, nor one whose workers died: then the next backup is verified.
 */
const hasBeenThisWeek = async (
  { verifications, clock }: Ports,
  projectId: string,
): Promise<boolean> => {
  const page = await verifications.list(projectId, { limit: RECENT });
  const week = weekOf(clock());
  return page.items.some(
    ({ asked, status, result, createdAt }) =>
      !asked &&
      status !== 'cancelled' &&
      status !== 'failed' &&
      result?.verdict !== 'failed' &&
      weekOf(millis(createdAt)) === week,
  );
};

/** Rows alone can't be restored. */
const isVerifiable = ({ type, content }: Backup): boolean =>
  type === 'database' && content !== 'data';

const isWanted = async (
  ports: Ports,
  { verification: { which } }: Options,
  backup: Backup,
): Promise<boolean> => {
  if (which === 'none' || !isVerifiable(backup)) return false;
  if (which === 'each') return true;
  if (which === 'weekly') return !(await hasBeenThisWeek(ports, backup.projectId));
  return lotOf(backup.id) < which.share;
};

/** The id is made from the backup's id, so a repeated completion requests the same verification. */
const verificationOf = (
  { verification, settings, environment }: Options,
  backup: Backup,
  now: number,
): Verification => ({
  id: uuidv7(millis(backup.createdAt), `verification\0${backup.id}`),
  projectId: backup.projectId,
  projectName: backup.projectName,
  backupId: backup.id,
  source: backup.source,
  environment,
  status: 'pending',
  attempt: 0,
  createdAt: iso(now),
  queuedAt: iso(now),
  expiresAt: iso(now + TIMES.jobRowDays * DAY_MS),
  // A backup without hashes can't be compared by them.
  compare: settings.compare === 'rows' ? verification.compare : 'counts',
  asked: false,
});

/** Never rejects. The sweep finds a row whose message could not be sent. */
export const wantVerification = async (
  ports: Ports,
  options: Options,
  backup: Backup,
): Promise<void> => {
  try {
    if (!(await isWanted(ports, options, backup))) return;
    const { id, projectId, ...row } = verificationOf(options, backup, ports.clock());
    await ports.verifications.create({ ...row, id, projectId });
    const unsent = await ports.verificationQueue.send([{ projectId, id }]);
    if (unsent.length) ports.log.warn('the verification queue did not accept the message', { id });
  } catch (error) {
    ports.log.warn('the verification of a backup could not be requested', {
      projectId: backup.projectId,
      backupId: backup.id,
      failure: describeError(error),
    });
  }
};
