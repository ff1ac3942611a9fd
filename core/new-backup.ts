import type { Backup } from './backup.ts';
import type { Project } from './project.ts';

/** State of every new backup: pending and unverified. */
const NEW = {
  description: '',
  type: 'database',
  content: 'full',
  status: 'pending',
  validation: 'unverified',
  attempt: 0,
} as const;

type Given = Omit<Backup, keyof typeof NEW | 'projectId' | 'projectName' | 'schemaName'> &
  Partial<Pick<Backup, 'description' | 'content'>>;

/** The row of a requested backup. */
export const newBackup = (
  { id, name, schemaName }: Pick<Project, 'id' | 'name' | 'schemaName'>,
  given: Given,
): Backup => ({ projectId: id, projectName: name, schemaName, ...NEW, ...given });
