import type { Erasure, Remaining } from './erasure.ts';

/** The one row that remains of an erased project. */
export interface Erasures {
  get(projectId: string): Promise<Erasure | undefined>;
  /** Turns the project's registry row into it, or returns the one that exists. From then on nothing registers the project again. */
  begin(erasure: Erasure): Promise<{ readonly erasure: Erasure; readonly created: boolean }>;
  /** Takes it for this number of seconds. Undefined if another worker has it, or if there is none. */
  claim(projectId: string, seconds: number): Promise<Erasure | undefined>;
  keep(erasure: Erasure): Promise<void>;
  /** Sets for how many seconds from now nothing takes it. */
  release(projectId: string, seconds: number): Promise<void>;
  /** No sweep starts it again. */
  close(projectId: string): Promise<void>;
  /** Those that a sweep must start again: unfinished ones, and completed ones that are looked at a second time. */
  open(): AsyncIterable<string>;
}

export type ErasedRow =
  | {
      readonly kind: 'backup' | 'restore' | 'verification';
      readonly id: string;
      readonly isOpen: boolean;
      readonly fileId?: string;
    }
  | { readonly kind: 'other' };

/** The rows of one project besides the one that remains. */
export interface ProjectRows {
  all(projectId: string): AsyncIterable<{ readonly sk: string; readonly row: ErasedRow }>;
  remove(projectId: string, sk: string): Promise<void>;
}

/** A vault whose objects are removed for good. */
export interface ErasableVault {
  /** Removes every version below a prefix. */
  eraseBelow(prefix: string): Promise<{ readonly removed: number; readonly remaining?: Remaining }>;
  /** Removes every version of these keys. */
  eraseKeys(
    keys: readonly string[],
  ): Promise<{ readonly removed: number; readonly remaining?: Remaining }>;
}

/** Starts the function that erases, without waiting for its end. */
export interface Eraser {
  start(projectId: string): Promise<void>;
}
