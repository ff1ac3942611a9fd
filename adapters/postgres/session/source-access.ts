import path from 'node:path';
import type { SourceSettings } from '../../../core/settings.ts';
import { makeCredentials } from '../../secrets/credentials.ts';
import type { SourceAccess } from './session.ts';

/** How a function reaches its source. `codeFolder` holds the bundle and, next to it, a source's own certificate authority. */
export const accessOf = (settings: SourceSettings, codeFolder: string): SourceAccess => ({
  settings,
  credentials: makeCredentials(settings),
  ...(settings.caFile ? { caFile: path.resolve(codeFolder, settings.caFile) } : {}),
});
