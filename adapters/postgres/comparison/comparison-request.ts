import type { Manifest } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import type { Comparison } from '../../../core/verification.ts';
import type { LeftOutObject } from '../replay/left-out-object.ts';
import type { ReportedObject } from './reported-objects.ts';

/** What was restored, and how it may differ from the manifest. */
export interface ComparisonRequest {
  readonly manifest: Manifest;
  /** `names` finds objects that are missing; `definitions` finds those that are new or defined otherwise as well. */
  readonly objects: 'names' | 'definitions';
  readonly rows: Comparison;
  /** Only these tables were restored, with what belongs to them; absent: all of the manifest's. */
  readonly chosen?: readonly TableName[] | undefined;
  /** Whether a sequence was restored, in schemas that hold others' as well: those are not read. */
  readonly isRestored?: (name: TableName) => boolean;
  /** Partitions that were left without their parents, whose triggers come with them. */
  readonly alone?: readonly TableName[];
  /** Objects that are known to be other than they were. */
  readonly unfinished?: readonly ReportedObject[];
  /** Objects that were left out, with all that belongs to them. */
  readonly leftOut?: readonly LeftOutObject[];
  /** Materialized views that could not be filled. */
  readonly unfilled?: readonly Unfilled[];
  /** Foreign keys to tables outside that were left out, and are compared by their text. */
  readonly leftOutKeys?: readonly LeftOutKey[];
  /** True where owners and grants were restored, all of them: they are compared then, with the definitions. */
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
