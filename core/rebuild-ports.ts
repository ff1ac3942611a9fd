import type { Backup } from './backup.ts';
import type { RegisteredProject } from './project.ts';

/** Ports that only the comparison of the history with the vault, and its rebuilding from there, need. */
export interface HistoryRows {
  /** All backups of a project that have a row, of any status, also expired ones. Strongly consistent. */
  backupsOf(projectId: string): Promise<readonly Backup[]>;
  /** Strongly consistent. */
  get(projectId: string, backupId: string): Promise<Backup | undefined>;
  /** Ids of projects that have rows of backups, each once, from the whole table. Eventually consistent. */
  projects(): AsyncIterable<string>;
  /**
   * Writes the row of a completed backup, which needs no notification, unless a row with its id exists.
   * @throws InvalidInput if no row can hold it
   */
  writeCompleted(backup: Backup): Promise<'written' | 'exists'>;
  /** Writes a project's row as it was last seen, unless it has one. */
  registerMissing(project: RegisteredProject): Promise<'written' | 'exists'>;
}
