import type { History } from '../../core/history-ports.ts';
import type { ManifestVerifier } from '../../core/manifest-signature.ts';
import type { Clock } from '../../core/ports.ts';
import type { HistoryRows } from '../../core/rebuild-ports.ts';
import type { Registry } from '../../core/source-ports.ts';
import type { Vault } from '../../core/vault-ports.ts';

/** What comparing and rebuilding the history need from the world. */
export interface HistoryPorts {
  readonly vault: Pick<Vault, 'list' | 'head' | 'readManifest'>;
  readonly rows: HistoryRows;
  readonly history: Pick<History, 'settleRetention'>;
  readonly registry: Pick<Registry, 'get'>;
  /** Absent where no key was given. */
  readonly manifestKeys?: ManifestVerifier;
  /** Reads an object to its end, in constant memory. @throws where there is none, or it can't be read */
  readonly digest: (key: string) => Promise<Digest>;
  readonly clock: Clock;
  readonly progress: (seen: Seen) => void;
  /** Aborted when a person wants it to end: what is under way ends, and nothing else begins. */
  readonly signal: AbortSignal;
}

export interface Digest {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** How far it is. */
export interface Seen {
  readonly projects: number;
  readonly backups: number;
}

/** Which part of the vault and the history is looked at. */
export interface Scope {
  /** Key templates under which Larder has stored, the present one and earlier ones. */
  readonly templates: readonly string[];
  /** One project instead of all. */
  readonly projectId?: string;
}

/** Projects at once, and backups of each: together below the 50 connections that the SDK opens by itself. */
export const PROJECTS_AT_ONCE = 8;
export const BACKUPS_AT_ONCE = 4;
