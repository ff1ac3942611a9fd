import type { TaintedType, TenantCode } from './read-tenant-code.ts';
import type { Reach } from './restore-role-reach.ts';

/** What is known of the tenant's code while a text is executed; undefined where the catalog has changed since. */
export interface SeenCode {
  tenantCode: TenantCode | undefined;
  /** Tainted types that are there. */
  types: readonly TaintedType[] | undefined;
  reach: Reach | undefined | 'unknown';
  /** Partitions were attached since: the keys of their parents are evaluated for their rows. */
  isAttached: boolean;
  /** Nothing that the text made runs with the restore role's rights. */
  isSettled: boolean;
  /** What was evaluated with the restore role's rights. */
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
