import type { RestoreServer } from '../../../core/restore-ports.ts';
import { survey } from '../preflight/preflight.ts';
import type { SourceAccess } from '../session/session.ts';
import { lookAfterExchange, lookExchanged, rename } from './exchange-session.ts';
import { findLoaded } from './find-restored.ts';
import { addForeignKeys } from './foreign-keys/add-foreign-keys.ts';
import { endRestoreLeftovers } from './leftover-sessions.ts';
import { load } from './watched-transaction.ts';

/** How a restore reaches a source: with the login of its restore role. */
export interface RestoreAccess extends SourceAccess {
  /** Tells this stack's sessions from those of another on the same source. */
  readonly stack?: string;
  /** How long a restore may hold up somebody's DDL; 10 by default. */
  readonly giveWayAfterSeconds?: number | 'never';
}

export const makeRestoreServer = (access: RestoreAccess): RestoreServer => ({
  survey: (request) => survey(access, request),
  load: (request) => load(access, request),
  findLoaded: (by, places) => findLoaded(access, by, places),
  addForeignKeys: (keys, options) => addForeignKeys(access, keys, options),
  rename: (by, places, options) => rename(access, by, places, options),
  isExchanged: (by, places) => lookExchanged(access, by, places),
  lookAfter: (places) => lookAfterExchange(access, places),
  endLeftovers: (restoreId, belowAttempt) => endRestoreLeftovers(access, restoreId, belowAttempt),
});
