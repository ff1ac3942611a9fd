import type { Backup } from '../../core/backup.ts';
import { quoted } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import {
  ContentNotRestorable,
  RestoreNotAllowed,
  TablesNeedArchive,
} from '../../core/errors/restore.ts';
import { type Manifest, schemasIn } from '../../core/manifest.ts';
import { tableProblem } from '../../core/restore-tables.ts';
import type { Api } from './ports.ts';

/**
 * Reasons to refuse a restore that need no database. The restore itself finds the others before it writes
 * anything: `dryRun` reports them.
 */

/** @throws RestoreNotAllowed if the source accepts no restores */
export const checkSource = ({ ports, settings }: Api, source: string): void => {
  if (!settings.sources.includes(source)) {
    throw new RestoreNotAllowed(
      `The configuration no longer has a source ${quoted(source)}. Restore the backup into another source with POST .../elsewhere, or by hand: GET .../restore-guide.`,
    );
  }
  if (ports.restoreQueues.has(source)) return;
  throw new RestoreNotAllowed(
    `Source ${quoted(source)} accepts no restores: its configuration has no "restore". Add it, with the login of a role that may create schemas.`,
  );
};

/** @throws InvalidInput, RestoreNotAllowed if the target does not accept backups of this source */
export const checkTarget = (api: Api, from: string, target: string): void => {
  if (target === from) {
    throw new InvalidInput('The body', [
      "target: it is the backup's own source; use POST .../restores",
    ]);
  }
  if (!api.settings.sources.includes(target)) {
    throw new RestoreNotAllowed(
      `The configuration has no source ${quoted(target)}; there are ${api.settings.sources.map(quoted).join(', ')}.`,
    );
  }
  checkSource(api, target);
  if (api.settings.restoreFrom.get(target)?.includes(from)) return;
  throw new RestoreNotAllowed(
    `Source ${quoted(target)} does not accept backups of source ${quoted(from)}. Add that source to its "restore.from" in the configuration, if its users may see them.`,
  );
};

/** @throws ContentNotRestorable for a backup without a schema */
export const checkContent = ({ id, type, content }: Backup): void => {
  if (type !== 'database') {
    throw new ContentNotRestorable(
      id,
      `is one of ${type}, not of a database`,
      'Download it to see what it holds.',
    );
  }
  if (content === 'data') {
    throw new ContentNotRestorable(
      id,
      'holds rows without the definitions of their tables, and they would be loaded into the live tables of the same names',
      'Restore it by hand into a separate database: GET .../restore-guide has the commands, which take the definitions from a backup with content full or schema.',
    );
  }
};

/** @throws ContentNotRestorable, RestoreNotAllowed for a backup that can't replace the live schema */
export const checkSwap = ({ id, content }: Backup, manifest: Manifest): void => {
  if (content !== 'full') {
    throw new ContentNotRestorable(
      id,
      'holds definitions without rows: every live table would be empty',
      'Restore it beside, or swap with a backup of content full.',
    );
  }
  if (manifest.project.schemas) {
    throw new RestoreNotAllowed(
      'These schemas belong to all projects of their source, whose foreign keys and functions name them: they are not exchanged. Restore them beside, and copy what you need from there.',
    );
  }
};

/** @throws InvalidInput if one name is given for several schemas */
export const checkNewSchema = (newSchema: string | undefined, manifest: Manifest): void => {
  const schemas = schemasIn(manifest);
  if (newSchema === undefined || schemas.length === 1) return;
  throw new InvalidInput('The body', [
    `schemaName: the backup holds ${schemas.length} schemas; leave it out, and each gets a name of its own`,
  ]);
};

/** @throws TablesNeedArchive, or InvalidInput with a line for each name that is no table of the backup */
export const checkTables = (
  { id, format }: Backup,
  tables: readonly string[],
  manifest: Manifest,
): void => {
  if (format === 'plain') throw new TablesNeedArchive(id);
  const problems = tables.flatMap((name, index) => {
    const problem = tableProblem(name, manifest);
    return problem ? [`tables.${index}: ${quoted(name)} ${problem}`] : [];
  });
  if (problems.length) throw new InvalidInput('The body', problems);
};
