import type { Loosening } from '../../../core/errors/restore.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { NamesLive, OnConflict, TableName } from '../../../core/restore.ts';
import type { AccessObstacle } from './access/access-obstacle.ts';
import type { LeavingOut, LeftOutObject } from './left-out-object.ts';
import type { BindingPlan } from './operators/binding-plan.ts';
import type { Unfinished } from './unfinished-objects.ts';

/** The SQL to execute, and its limits. */
export interface TextRequest {
  readonly text: AsyncIterable<Buffer>;
  /** The backup's schemas. Nothing outside them is created or changed. */
  readonly schemas: readonly string[];
  /** Names of the manifest's extensions: those in the database are left unchanged, others may be created. */
  readonly extensions: readonly string[];
  /** Under `drop` no role gets an object or a grant: everything belongs to the session's role. */
  readonly owners: 'keep' | 'drop';
  /** Code of the backup may run with the restore role's rights if there is no other role to which it could be restricted. */
  readonly acceptOwnCode?: boolean;
  /** Roles that nothing can be given to, in addition to those that the server does not have. */
  readonly missingRoles: readonly string[];
  /** The schemas exist and are in use: they are not created, and get no owner or grants. */
  readonly intoLive?: boolean;
  /**
   * Roles and objects outside that the backup may name, from its manifest; absent on a server without
   * other tenants.
   */
  readonly tenancy?: Pick<Manifest, 'roles' | 'outside' | 'extensions'>;
  /** Which operators the backup's objects are bound to. */
  readonly bindings?: BindingPlan;
  /**
   * Tables and sequences of extensions: their rows and values are left out, whether they exist or not. Absent: none are left
   * out.
   */
  readonly withoutRowsOf?: Manifest['extensionRows'];
  readonly lockTimeoutMs?: number;
  /** Called once a schema of the backup has been created, before it has any object. */
  readonly onSchema?: (schema: string) => Promise<void>;
  /**
   * Under `report`, objects whose rows or definition cannot be restored are reported, and the transaction continues. Absent: it
   * ends.
   */
  readonly onConflict?: OnConflict;
  /** Partitions that were being detached at the source: they are not attached. */
  readonly detached?: readonly TableName[];
  /**
   * Objects that only a superuser can create are left out, and the objects that need them. Absent:
   * such an object ends the attempt.
   */
  readonly leavingOut?: LeavingOut;
  /** Removed before the rows are loaded, and added again after them. */
  readonly loosen?: Loosening;
  /** Schemas that get another name: objects whose string constants name them are reported. */
  readonly renamed?: readonly string[];
  /**
   * Called before a statement that names a part of an extension that is in the backup's schemas and existed before
   * the restore.
   */
  readonly onNeed?: (extension: string) => Promise<void>;
  /** Called once the rows of a table are loaded. */
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
  /** The part after the constraint's name: `FOREIGN KEY (a) REFERENCES s.t(b) ...` */
  readonly definition: string;
  /** False if the source itself had never validated it. */
  readonly valid: boolean;
  readonly comment?: string;
}

export interface ExecutedText {
  /** Tables into which rows were copied, with the number of rows that the server reported. */
  readonly copied: readonly (TableName & { readonly rows: number })[];
  readonly foreignKeys: readonly TextForeignKey[];
  /** Statements that were not executed, with the reason: `what` as a person would name it. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** Under `report`: objects that were not restored completely. */
  readonly unfinished: readonly Unfinished[];
  /** With `leavingOut`: the objects that were left out. */
  readonly leftOutObjects: readonly LeftOutObject[];
  /** Partitions that were not attached, because their parents are outside. */
  readonly alone: readonly TableName[];
  /** Why requested owners or grants were left out; empty if all were given. */
  readonly accessLost: readonly AccessObstacle[];
  readonly warnings: readonly string[];
  readonly namingLive: readonly NamesLive[];
}
