import type { Eraser, Erasures } from '../../core/erasure-ports.ts';
import type { History } from '../../core/history-ports.ts';
import type { Restores, Verifications } from '../../core/job-ports.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { ManifestVerifier } from '../../core/manifest-signature.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Outcomes, QueuePositions } from '../../core/queue-ports.ts';
import type { RetentionSettings } from '../../core/retention/policy.ts';
import type { RetentionPolicies } from '../../core/retention-ports.ts';
import type { Firings, Runs } from '../../core/run-ports.ts';
import type { Schedules } from '../../core/schedule-ports.ts';
import type { ExportSettings } from '../../core/settings.ts';
import type { Registry, SourceFunctions } from '../../core/source-ports.ts';
import type { Vault, VaultRounds } from '../../core/vault-ports.ts';
import type { VerificationSettings } from '../../core/verification.ts';

export interface ApiPorts {
  readonly history: History;
  readonly runs: Runs;
  readonly registry: Registry;
  readonly restores: Restores;
  readonly verifications: Verifications;
  readonly erasures: Pick<Erasures, 'get' | 'begin'>;
  readonly eraser: Eraser;
  readonly retentionPolicies: RetentionPolicies;
  readonly schedules: Schedules;
  readonly firings: Pick<Firings, 'last'>;
  readonly vault: Pick<Vault, 'downloadUrl' | 'readManifest' | 'remove'>;
  /** What sweep has counted in the vault. */
  readonly rounds: Pick<VaultRounds, 'last'>;
  /** Of requests that wait. */
  readonly positions: QueuePositions;
  readonly manifestKeys: ManifestVerifier;
  readonly functions: SourceFunctions;
  /** By name of the source. */
  readonly queues: ReadonlyMap<string, Pick<WorkQueue, 'send'>>;
  /** By name of the target source; sources that accept no restores are absent. */
  readonly restoreQueues: ReadonlyMap<string, Pick<WorkQueue, 'send'>>;
  readonly verificationQueue: Pick<WorkQueue, 'send'>;
  /** Sends outcomes of work that ended here; without it, sweep sends them. */
  readonly outcomes?: Outcomes;
  /** Counts an answer that a source's silence left open; this is not the API's fault. */
  readonly countUnresolved?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ApiSettings {
  readonly environment: string;
  readonly exportDefaults: ExportSettings;
  readonly retention: RetentionSettings;
  /** By name of a source, where it differs. */
  readonly retentionBySource: ReadonlyMap<string, RetentionSettings>;
  /** The vault's bucket, for commands that people run. */
  readonly bucket: string;
  readonly verification: Pick<VerificationSettings, 'compare'>;
  /** Names of the configured sources. */
  readonly sources: readonly string[];
  /** By name of a target source: the sources whose backups may be restored there, besides its own. */
  readonly restoreFrom: ReadonlyMap<string, readonly string[]>;
  /** How long sources may take to answer whether they have a project, milliseconds. */
  readonly lookUpMs: number;
}

export interface Api {
  readonly ports: ApiPorts;
  readonly settings: ApiSettings;
}
