import type { RestoreServer } from '../../../core/restore-ports.ts';
import type { SourceAccess } from '../session.ts';
import { findLoaded } from './find-loaded.ts';
import { addForeignKeys } from './foreign-keys.ts';
import { endRestoreLeftovers } from './leftovers.ts';
import { load } from './load.ts';
import { lookAfterExchange, lookExchanged, rename } from './rename.ts';
import { survey } from './survey.ts';

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
