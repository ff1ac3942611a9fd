import { resolve } from 'node:path';
import { makeProjectSource } from '../../adapters/postgres/project-source.ts';
import { makeCredentials } from '../../adapters/secrets/credentials.ts';
import type { ProjectSource } from '../../core/ports.ts';
import type { SourceSettings } from '../../core/settings.ts';

/** A source's projects. Its own certificate authority, if it has one, lies beside the function's code. */
export const openProjectSource = (settings: SourceSettings): ProjectSource =>
  makeProjectSource({
    settings,
    credentials: makeCredentials(settings),
    ...(settings.caFile && { caFile: resolve(import.meta.dirname, settings.caFile) }),
  });
