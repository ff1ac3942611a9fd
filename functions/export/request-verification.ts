import { type Backup, iso, millis } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { describeError } from '../../core/errors/base.ts';
import { sha256Hex, uuidv7 } from '../../core/ids.ts';
import type { Verification } from '../../core/verification.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';

/**
 * Whether a backup that has just completed is verified without being asked for, and the request for it. Backup and verification are
 * two things: whatever fails here, the backup is completed, and merely stays unverified.
 */
type Ports = Pick<ExportPorts, 'verifications' | 'verificationQueue' | 'clock' | 'log'>;
type Options = Pick<ExportOptions, 'verification' | 'settings' | 'environment'>;

const DAY_MS = 86_400_000;

/** Which week a time is in, by ISO 8601 in UTC: they begin on Mondays, and the epoch was a Thursday. */
const weekOf = (time: number): number => Math.floor((time / DAY_MS + 3) / 7);

/** From 0 to 1, the same for a backup whenever it is asked. */
const lotOf = (backupId: string): number =>
  Number.parseInt(sha256Hex(`verification\0${backupId}`).slice(0, 8), 16) / 2 ** 32;

const RECENT = 10;

/**
 * One a week that nobody asked for. What could not run counts: a backup that is too large today is too large tomorrow. One that
 * found the backup bad does not, nor one whose workers died: the next backup is to be looked at.
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

/** Rows alone can't be brought back. */
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

/** Made from the backup's id: a completion that is repeated asks for the same one. */
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
  // Hashes that were not taken can't be compared.
  compare: settings.compare === 'rows' ? verification.compare : 'counts',
  asked: false,
});

/** Never rejects. A row whose message could not be sent is found by the sweep. */
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
    if (unsent.length) ports.log.warn('the queue of verifications took no message', { id });
  } catch (error) {
    ports.log.warn('the verification of a backup could not be asked for', {
      projectId: backup.projectId,
      backupId: backup.id,
      failure: describeError(error),
    });
  }
};
