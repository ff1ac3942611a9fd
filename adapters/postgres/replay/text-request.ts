import type { Loosening } from '../../../core/errors/restore.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { NamesLive, OnConflict, TableName } from '../../../core/restore.ts';
import type { AccessObstacle } from './access/access-obstacle.ts';
import type { LeavingOut, LeftOutObject } from './left-out-object.ts';
import type { BindingPlan } from './operators/binding-plan.ts';
import type { Unfinished } from './unfinished-objects.ts';

/** What is to be executed, and within which bounds. */
export interface TextRequest {
  readonly text: AsyncIterable<Buffer>;
  /** The backup's schemas. Nothing outside of them is made or changed. */
  readonly schemas: readonly string[];
  /** Names of the manifest's extensions: those in the database are left as they are, others may be created. */
  readonly extensions: readonly string[];
  /** Under `drop` nobody is given or granted anything: all is the session's. */
  readonly owners: 'keep' | 'drop';
  /** Code of the backup may run with the restore role's rights, where nobody else is there whom it could be restricted to. */
  readonly acceptOwnCode?: boolean;
  /** Roles that nothing can be given to, beside those that the server does not have. */
  readonly missingRoles: readonly string[];
  /** The schemas are there and in use: they are neither made nor given to anybody. */
  readonly intoLive?: boolean;
  /** What the backup may name beside itself, by its manifest; absent on a server where nobody else is. */
  readonly tenancy?: Pick<Manifest, 'roles' | 'outside' | 'extensions'>;
  /** Which operators the backup's objects are bound to. */
  readonly bindings?: BindingPlan;
  /** Tables and sequences of extensions: their rows and values are left out, whether they are there or not. Absent: none are. */
  readonly withoutRowsOf?: Manifest['extensionRows'];
  readonly lockTimeoutMs?: number;
  /** Called once a schema of the backup has been made, before anything is in it. */
  readonly onSchema?: (schema: string) => Promise<void>;
  /** Under `report` what can't be brought back for its rows or definition is told, and the transaction goes on. Absent: it ends. */
  readonly onConflict?: OnConflict;
  /** Partitions that were being detached: they are not attached. */
  readonly detached?: readonly TableName[];
  /** What only a superuser can create is left out, with what needs it. Absent: it ends the attempt. */
  readonly leavingOut?: LeavingOut;
  /** What is taken away before the rows and given back behind them. */
  readonly loosen?: Loosening;
  /** Schemas that get another name: what of the text names them in string constants is told. */
  readonly renamed?: readonly string[];
  /** Called before a statement that names a part of an extension of the backup's schemas, which was there before. */
  readonly onNeed?: (extension: string) => Promise<void>;
  /** Called once the rows of a table are there. */
  readonly onTable: (table: TableName) => void;
  readonly signal: AbortSignal;
}

/** A constraint to a table outside the backup's schemas. */
export interface TextForeignKey {
  /** Under the backup's own schema name. */
  readonly table: TableName;
  readonly name: string;
  /** False for a partitioned table, whose partitions get the key as well. */
  readonly only: boolean;
  /** What stands behind the constraint's name: `FOREIGN KEY (a) REFERENCES s.t(b) ...` */
  readonly definition: string;
  /** False where the source itself had never validated it. */
  readonly valid: boolean;
  readonly comment?: string;
}

export interface ExecutedText {
  /** Tables that had rows copied into them, with their number as the server gave it. */
  readonly copied: readonly (TableName & { readonly rows: number })[];
  readonly foreignKeys: readonly TextForeignKey[];
  /** What was in the text and was not executed, with the reason: `what` as a person would name it. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** Under `report`: what is not as it was. */
  readonly unfinished: readonly Unfinished[];
  /** With `leavingOut`: what was left out. */
  readonly leftOutObjects: readonly LeftOutObject[];
  /** Partitions that were not attached to their parents, which are outside. */
  readonly alone: readonly TableName[];
  /** Why owners or grants were left out that were asked for: none where all were given. */
  readonly accessLost: readonly AccessObstacle[];
  readonly warnings: readonly string[];
  readonly namingLive: readonly NamesLive[];
}
