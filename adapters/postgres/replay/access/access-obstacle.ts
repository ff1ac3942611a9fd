import { quoted } from '../../../../core/errors/base.ts';

/** Why an owner or a grant of a backup was left out. */
export type AccessObstacle =
  | { readonly kind: 'role-missing'; readonly role: string }
  /** The role would own the object. */
  | { readonly kind: 'not-a-member'; readonly role: string }
  | { readonly kind: 'grantor-missing'; readonly role: string }
  | { readonly kind: 'not-a-member-of-grantor'; readonly role: string }
  /** The server would record another grantor than the owner. */
  | { readonly kind: 'other-grantor'; readonly role: string }
  /** The server refused the statement. `said` is the message of its error. */
  | { readonly kind: 'refused'; readonly said: string };

export const obstacleSentence = (obstacle: AccessObstacle): string => {
  switch (obstacle.kind) {
    case 'role-missing':
      return `there is no role ${quoted(obstacle.role)}`;
    case 'not-a-member':
      return `the restore role is not a member of ${quoted(obstacle.role)}`;
    case 'grantor-missing':
      return `there is no role ${quoted(obstacle.role)}, which granted it`;
    case 'not-a-member-of-grantor':
      return `${quoted(obstacle.role)} granted it, and the restore role is not a member of that`;
    case 'other-grantor':
      return `their grantor would be ${quoted(obstacle.role)} and not the owner, so a REVOKE by the owner would not remove them`;
    case 'refused':
      return obstacle.said;
  }
};
