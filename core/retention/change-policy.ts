import type { Backup } from '../backup.ts';
import { isFull, type Judged, lastGood } from '../last-good.ts';
import { type Decision, decideGenerations } from './generations.ts';
import type { RetentionPolicy } from './policy.ts';

/** A completed backup, as a change of its project's policy sees it. */
export interface Affected extends Judged {
  readonly backup: Judged['backup'] &
    Pick<
      Backup,
      | 'createdAt'
      | 'expiresAt'
      | 'pinned'
      | 'size'
      | 'fixedRetention'
      | 'generations'
      | 'retentionPolicy'
    >;
}

/**
 * `removed`: it expires at once. Why it stays otherwise: `last-good`, `pinned` and `fixed` (its days were requested) whatever the policy says;
 * `class` because it is the first of a week, month or year; `days` because every backup is kept that long.
 */
export const FATES = ['removed', 'last-good', 'pinned', 'fixed', 'class', 'days'] as const;
export type Fate = (typeof FATES)[number];

export interface PolicyEffect {
  readonly id: string;
  readonly createdAt: string;
  readonly fate: Fate;
  /** ISO 8601: when it would expire by its present retention, and when by the new policy. */
  readonly expiresBefore: string;
  readonly expiresAfter: string;
  /** What is to be written; absent for a backup with fixed retention. */
  readonly decision?: Decision;
}

/** The backup's life begins anew under the policy. */
const undecided = (one: Affected, policy: RetentionPolicy) => {
  const { fixedRetention, generations: _, retentionPolicy: __, ...backup } = one.backup;
  return {
    ...backup,
    isFull: isFull(backup),
    isBad: one.isBad,
    ...(!fixedRetention && { retentionPolicy: policy }),
  };
};

/**
 * What a policy does to the completed backups of a project. Pure: it serves as the dry run and as the plan of the change.
 * @param completed newest first
 * @param now milliseconds
 */
export const effectsOf = (
  completed: readonly Affected[],
  policy: RetentionPolicy,
  now: number,
): PolicyEffect[] => {
  const kept = new Set<string>(lastGood(completed).map(({ backup }) => backup.id));
  const decided = new Map(
    decideGenerations(completed.map((one) => undecided(one, policy))).map((one) => [one.id, one]),
  );
  return completed.map(({ backup: { id, createdAt, expiresAt, pinned } }) => {
    const decision = decided.get(id);
    const expiresAfter = decision?.expiresAt ?? expiresAt;
    return {
      id,
      createdAt,
      fate: pinned ? 'pinned' : fateOf(decision, kept.has(id), Date.parse(expiresAfter) <= now),
      expiresBefore: expiresAt,
      expiresAfter,
      ...(decision && { decision }),
    };
  });
};

const fateOf = (decision: Decision | undefined, isLastGood: boolean, isOver: boolean): Fate => {
  if (isOver) return isLastGood ? 'last-good' : 'removed';
  if (!decision) return 'fixed';
  return decision.generations.length > 0 ? 'class' : 'days';
};
