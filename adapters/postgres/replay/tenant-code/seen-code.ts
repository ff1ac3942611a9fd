import type { TaintedType, TenantCode } from './read-tenant-code.ts';
import type { Reach } from './restore-role-reach.ts';

/** Known tenant code while a backup's SQL is executed; undefined if the catalog has changed since. */
export interface SeenCode {
  tenantCode: TenantCode | undefined;
  /** Tainted types that exist. */
  types: readonly TaintedType[] | undefined;
  reach: Reach | undefined | 'unknown';
  /** Partitions were attached since: the keys of their parents are evaluated for their rows. */
  isAttached: boolean;
  /** No object that the backup's SQL created runs with the restore role's rights. */
  isSettled: boolean;
  /** Code that was evaluated with the restore role's rights. */
  readonly exposed: Set<string>;
}

export const nothingSeen = (): SeenCode => ({
  tenantCode: undefined,
  types: undefined,
  reach: 'unknown',
  isAttached: false,
  isSettled: false,
  exposed: new Set(),
});
