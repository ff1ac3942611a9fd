import { SchemaNotOwned } from '../../core/errors/restore.ts';
import type { NotOwned, RestoringProject } from '../../core/ownership.ts';
import type { Log } from '../../core/ports.ts';
import { GONE, sharedProjectId } from '../../core/project.ts';
import type { Restore } from '../../core/restore.ts';
import type { RestorePorts } from './ports.ts';

/** The project of a restore, with its facts from the registry. The source itself is asked later, just before a write. */
export const restoringProject = async (
  { registry }: Pick<RestorePorts, 'registry'>,
  { projectId, from, mode, newSchema }: Restore,
): Promise<RestoringProject> => {
  const found = await registry.get(projectId);
  const known = found?.status === GONE ? undefined : found;
  return {
    id: projectId,
    home: known?.source ?? from,
    registered: known ? [known.schemaName] : [],
    isShared: projectId.endsWith(sharedProjectId(from)),
    nameChosen: newSchema !== undefined || mode === 'elsewhere',
  };
};

/** Only the log shows whose schemas were refused: answers and mails go to people of one project. */
export const logNotOwned = (log: Log, restoreId: string, problems: readonly NotOwned[]): void => {
  if (problems.length)
    log.warn('a restore would have changed schemas that do not belong to its project', {
      restoreId,
      problems,
    });
};

/** Logs a refusal, which may be the cause of another error, and rethrows it. */
export const loggingNotOwned = async <T>(
  { log }: Pick<RestorePorts, 'log'>,
  { id }: Restore,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const reasons = [error, error instanceof Error ? error.cause : undefined];
    for (const reason of reasons)
      if (reason instanceof SchemaNotOwned) logNotOwned(log, id, reason.notOwned);
    throw error;
  }
};
