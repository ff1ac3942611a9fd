import type { RestoreServer } from '../../../core/restore-ports.ts';
import { survey } from '../preflight/preflight.ts';
import type { RestoreAccess } from '../session/restore-access.ts';
import { addForeignKeys } from './add-foreign-keys.ts';
import { lookAfterExchange, lookExchanged, rename } from './exchange-session.ts';
import { findLoaded } from './find-restored.ts';
import { endRestoreLeftovers } from './leftover-sessions.ts';
import { load } from './watched-transaction.ts';

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
