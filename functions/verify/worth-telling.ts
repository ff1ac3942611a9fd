import type { Verifications } from '../../core/job-ports.ts';
import type { UnfinishedObject } from '../../core/restore.ts';
import type { Verification } from '../../core/verification.ts';

/**
 * Whether people get a mail about unfinished objects without a request. Rows that violate a constraint stay until a person corrects them, and
 * each night's backup has them: a mail is sent when the objects change, and again after the first verification of each week (Monday, UTC). The
 * backup's row and `GET .../verifications` have them in any case.
 */
const LOOKED_AT = 25;

const MS_OF_DAY = 86_400_000;
/** 1970-01-01 was a Thursday. */
const weekOf = (at: string): number => Math.floor((Date.parse(at) / MS_OF_DAY + 3) / 7);

const fingerprint = (all: readonly UnfinishedObject[] = []): string =>
  all
    .map(({ kind, object, state }) => JSON.stringify([kind, object, state]))
    .sort()
    .join('\n');

export const isWorthTelling = async (
  { list }: Pick<Verifications, 'list'>,
  { projectId, id, createdAt, result }: Verification,
): Promise<boolean> => {
  if (!result?.unfinished?.length) return false;
  const { items } = await list(projectId, { limit: LOOKED_AT });
  const before = items.find(
    (one) => one.id !== id && one.createdAt <= createdAt && one.result?.verdict === 'verified',
  );
  if (!before) return true;
  return (
    weekOf(before.createdAt) !== weekOf(createdAt) ||
    fingerprint(before.result?.unfinished) !== fingerprint(result.unfinished)
  );
};
