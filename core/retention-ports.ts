import type { Affected } from './retention/change-policy.ts';
import type { RetentionPolicy } from './retention/policy.ts';

/** The retention policies that projects have of their own, and the completed backups that they decide about. */
export interface RetentionPolicies {
  /** The completed backups of a project, newest first; without those that may be removed at any moment. */
  affected(projectId: string): Promise<readonly Affected[]>;
  /**
   * Gives a project a policy and decides again about all of its completed backups. An interrupted call is resumed by the next one, and by
   * the next backup that completes. Returns false if the registry has no such project.
   */
  set(projectId: string, policy: RetentionPolicy): Promise<boolean>;
  /** The project follows its source again. Its backups keep the times that they have. */
  clear(projectId: string): Promise<void>;
}
