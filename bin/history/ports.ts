import type { History } from '../../core/history-ports.ts';
import type { ManifestVerifier } from '../../core/manifest-signature.ts';
import type { Clock } from '../../core/ports.ts';
import type { HistoryRows } from '../../core/rebuild-ports.ts';
import type { Registry } from '../../core/source-ports.ts';
import type { Vault } from '../../core/vault-ports.ts';

/** The ports that comparing and rebuilding the history need. */
export interface HistoryPorts {
  readonly vault: Pick<Vault, 'list' | 'head' | 'readManifest'>;
  readonly rows: HistoryRows;
  readonly history: Pick<History, 'settleRetention'>;
  readonly registry: Pick<Registry, 'get'>;
  /** Absent if no key was given. */
  readonly manifestKeys?: ManifestVerifier;
  /** Reads a whole object, in constant memory. @throws if it is missing or unreadable */
  readonly digest: (key: string) => Promise<Digest>;
  readonly clock: Clock;
  readonly progress: (seen: Seen) => void;
  /** Aborted when the user stops the command: running work ends, and nothing else begins. */
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

/** The part of the vault and the history to examine. */
export interface Scope {
  /** Key templates that Larder has used, the present one and earlier ones. */
  readonly templates: readonly string[];
  /** One project instead of all. */
  readonly projectId?: string;
}

/** Concurrent projects, and concurrent backups of each: together below the SDK's default of 50 connections. */
export const PROJECTS_AT_ONCE = 8;
export const BACKUPS_AT_ONCE = 4;
