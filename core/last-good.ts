import type { Backup } from './backup.ts';

/**
 * Which completed backups of a project retention may not take. Only a full backup of a database can bring a project back, so only those
 * count. The newest good one stays, and so does the newest one that was verified, until a newer one is: a backup that nobody has
 * looked into may turn out to be damaged.
 */
export interface Judged {
  readonly backup: Pick<Backup, 'id' | 'type' | 'content'>;
  /** A verification found that it differs from its manifest, and none has passed since. */
  readonly isBad: boolean;
  /** A verification passed, and none has failed since. */
  readonly isVerified: boolean;
}

export const isFull = ({ type, content }: Pick<Backup, 'type' | 'content'>): boolean =>
  type === 'database' && content === 'full';

/**
 * @param completed newest first
 * @returns newest first. Where every full backup is bad, the newest of them stays: it is better than none.
 */
export const lastGood = <J extends Judged>(completed: readonly J[]): readonly J[] => {
  const full = completed.filter(({ backup }) => isFull(backup));
  const good = full.filter(({ isBad }) => !isBad);
  const newest = good[0] ?? full[0];
  const verified = good.find(({ isVerified }) => isVerified);
  return [...new Set([newest, verified])].filter((one) => one !== undefined);
};
