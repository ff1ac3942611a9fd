import type { Manifest } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import type { Comparison } from '../../../core/verification.ts';
import type { LeftOutObject } from '../replay/left-out-object.ts';
import type { ReportedObject } from './reported-objects.ts';

/** What was restored, and how it may differ from the manifest. */
export interface ComparisonRequest {
  readonly manifest: Manifest;
  /** `names` finds missing objects; `definitions` also finds new objects and those with another definition. */
  readonly objects: 'names' | 'definitions';
  readonly rows: Comparison;
  /** Only these tables were restored, with the objects that belong to them; absent: all of the manifest's. */
  readonly chosen?: readonly TableName[] | undefined;
  /** Whether a sequence was restored; for schemas that also hold others' sequences, which are not read. */
  readonly isRestored?: (name: TableName) => boolean;
  /** Partitions that were left without their parents; their triggers are restored with the parents. */
  readonly alone?: readonly TableName[];
  /** Objects that are known to differ. */
  readonly unfinished?: readonly ReportedObject[];
  /** Objects that were left out, with all that belongs to them. */
  readonly leftOut?: readonly LeftOutObject[];
  /** Materialized views that could not be filled. */
  readonly unfilled?: readonly Unfilled[];
  /** Foreign keys to tables outside that were left out; their text is compared. */
  readonly leftOutKeys?: readonly LeftOutKey[];
  /** True if all owners and grants were restored: then they are compared, with the definitions. */
  readonly accessKept?: boolean;
  readonly signal: AbortSignal;
}

export interface LeftOutKey {
  readonly table: TableName;
  readonly name: string;
  /** `FOREIGN KEY (a) REFERENCES s.t(b) ...` */
  readonly definition: string;
  readonly valid: boolean;
}

export interface Unfilled extends TableName {
  readonly why?: string;
}

export const isNamed = (names: readonly TableName[], { schema, name }: TableName): boolean =>
  names.some((one) => one.schema === schema && one.name === name);
