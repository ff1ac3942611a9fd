import type { Backup } from './backup.ts';

/**
 * Which completed backups of a project retention must keep. Only full backups count, because only they can restore a project. Retention
 * keeps the newest one that is not known to be damaged, and the newest verified one: a backup that was never verified may turn out to be
 * damaged.
 */
export interface Judged {
  readonly backup: Pick<Backup, 'id' | 'type' | 'content'>;
  /** A verification found that it differs from its manifest, and none has passed since then. */
  readonly isBad: boolean;
  /** A verification passed, and none has failed since then. */
  readonly isVerified: boolean;
}

export const isFull = ({ type, content }: Pick<Backup, 'type' | 'content'>): boolean =>
  type === 'database' && content === 'full';

/**
 * @param completed newest first
 * @returns newest first. If every full backup is bad, the newest of them is kept: it is better than none.
 */
export const lastGood = <J extends Judged>(completed: readonly J[]): readonly J[] => {
  const full = completed.filter(({ backup }) => isFull(backup));
  const good = full.filter(({ isBad }) => !isBad);
  const newest = good[0] ?? full[0];
  const verified = good.find(({ isVerified }) => isVerified);
  return [...new Set([newest, verified])].filter((one) => one !== undefined);
};
