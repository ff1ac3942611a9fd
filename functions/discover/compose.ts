import { accessOf } from '../../adapters/postgres/access.ts';
import { makeProjectSource } from '../../adapters/postgres/project-source.ts';
import type { SourceSettings } from '../../core/settings.ts';
import type { ProjectSource } from '../../core/source-ports.ts';

/** A source's projects, for the functions that list them. */
export const openProjectSource = (settings: SourceSettings): ProjectSource =>
  makeProjectSource(accessOf(settings, import.meta.dirname));
