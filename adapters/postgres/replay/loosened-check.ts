import type { TableName } from '../../../core/restore.ts';

/**
 * pg_dump writes checks into CREATE TABLE and CREATE DOMAIN, so rows that violate them are refused while they are loaded. After such an
 * error, the next attempt drops the checks before the first row, adds them NOT VALID after the last statement, and validates each. So every
 * row is loaded, even if a check calls now() or reads a table that is loaded later. A further attempt leaves out generated columns that can
 * no longer be computed (load-computable.ts).
 */
export interface Loosened extends TableName {
  readonly what: 'table' | 'domain';
  readonly constraint: string;
  /** `CHECK (...)`, without NOT VALID. */
  readonly definition: string;
  readonly comment: string | null;
}
