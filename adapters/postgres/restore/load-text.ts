import type pg from 'pg';
import type { TableName } from '../../../core/restore.ts';

/**
 * Executes the SQL of a backup in the caller's transaction, under the backup's own schema names: of each statement it is known
 * what it means, and only what pg_dump writes for these schemas is sent. Nothing here renames, counts or commits.
 */
export interface TextRequest {
  readonly text: AsyncIterable<Buffer>;
  /** The backup's schemas. Nothing outside of them is made or changed. */
  readonly schemas: readonly string[];
  /** Names of the manifest's extensions: those in the database are left as they are, others may be created. */
  readonly extensions: readonly string[];
  /** Under `drop` nobody is given or granted anything: all is the session's. */
  readonly owners: 'keep' | 'drop';
  /** Roles that nothing can be given to, beside those that the server does not have. */
  readonly missingRoles: readonly string[];
  /** The schemas are there and in use: they are neither made nor given to anybody. */
  readonly intoLive?: boolean;
  /** Called once a schema of the backup has been made, before anything is in it. */
  readonly onSchema?: (schema: string) => Promise<void>;
  /** Called once the rows of a table are there. */
  readonly onTable: (table: TableName) => void;
  readonly signal: AbortSignal;
}

/** A constraint to a table outside the backup's schemas. */
export interface TextForeignKey {
  /** Under the backup's own schema name. */
  readonly table: TableName;
  readonly name: string;
  /** What stands behind the constraint's name: `FOREIGN KEY (a) REFERENCES s.t(b) ...`, with NOT VALID where it had that. */
  readonly definition: string;
}

export interface ExecutedText {
  /** Tables that had rows copied into them, with their number as the server gave it. */
  readonly copied: readonly (TableName & { readonly rows: number })[];
  readonly foreignKeys: readonly TextForeignKey[];
  /** What was in the text and was not executed, with the reason: `what` as a person would name it. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** True where an owner or a grant was left out. */
  readonly accessLost: boolean;
}

/** @throws StatementRefused, DumpUnreadable, RestoreInterrupted, LockTimeout, PermissionMissing, or the text's own error */
export type LoadText = (client: pg.Client, request: TextRequest) => Promise<ExecutedText>;
