import { makeProjectSource } from '../../adapters/postgres/projects/project-source.ts';
import { accessOf } from '../../adapters/postgres/session/source-access.ts';
import type { SourceSettings } from '../../core/settings.ts';
import type { ProjectSource } from '../../core/source-ports.ts';

/** A source's projects, for the functions that list them. */
export const openProjectSource = (settings: SourceSettings): ProjectSource =>
  makeProjectSource(accessOf(settings, import.meta.dirname));
