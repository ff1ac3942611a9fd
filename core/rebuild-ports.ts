import type { Backup } from './backup.ts';
import type { RegisteredProject } from './project.ts';

/** What comparing the history with the vault, and rebuilding it from there, need besides the ports of everyday work. */
export interface HistoryRows {
  /** All backups of a project that have a row, of any status, expired ones too. Strongly consistent. */
  backupsOf(projectId: string): Promise<readonly Backup[]>;
  /** Strongly consistent. */
  get(projectId: string, backupId: string): Promise<Backup | undefined>;
  /** Ids of projects that have rows of backups, each once, from the whole table. Eventually consistent. */
  projects(): AsyncIterable<string>;
  /**
   * Writes the row of a completed backup, which needs no report to anybody, unless a row of its id is there.
   * @throws InvalidInput where no row can hold it
   */
  writeCompleted(backup: Backup): Promise<'written' | 'exists'>;
  /** Writes a project's row as it was last seen, unless there is one. */
  registerMissing(project: RegisteredProject): Promise<'written' | 'exists'>;
}
