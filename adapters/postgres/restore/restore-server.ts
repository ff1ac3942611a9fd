import type { RestoreServer } from '../../../core/restore-ports.ts';
import { preflight } from '../preflight/preflight.ts';
import type { RestoreAccess } from '../session/restore-access.ts';
import { addForeignKeys } from './add-foreign-keys.ts';
import { lookAfterExchange, lookExchanged, rename } from './exchange-session.ts';
import { findLoaded } from './find-restored.ts';
import { endRestoreLeftovers } from './leftover-sessions.ts';
import { loadWatched } from './watched-transaction.ts';

export const makeRestoreServer = (access: RestoreAccess): RestoreServer => ({
  preflight: (request) => preflight(access, request),
  load: (request) => loadWatched(access, request),
  findLoaded: (by, places) => findLoaded(access, by, places),
  addForeignKeys: (keys, options) => addForeignKeys(access, keys, options),
  rename: (by, places, options) => rename(access, by, places, options),
  isExchanged: (by, places) => lookExchanged(access, by, places),
  lookAfter: (places) => lookAfterExchange(access, places),
  endLeftovers: (restoreId, belowAttempt) => endRestoreLeftovers(access, restoreId, belowAttempt),
});
