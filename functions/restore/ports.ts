import type { History } from '../../core/history-ports.ts';
import type { Restores } from '../../core/job-ports.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { ManifestVerifier } from '../../core/manifest-signature.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type {
  ArchiveReader,
  ReadNaming,
  ReadOwnCode,
  RestoreServer,
  VaultReader,
} from '../../core/restore-ports.ts';
import type { RetentionSettings } from '../../core/retention/policy.ts';
import type { ExportSettings, RestoreSettings } from '../../core/settings.ts';
import type { Registry } from '../../core/source-ports.ts';

export interface RestorePorts {
  readonly restores: Restores;
  readonly history: Pick<History, 'get' | 'create'>;
  readonly registry: Pick<Registry, 'get'>;
  readonly vault: VaultReader;
  readonly manifestKeys: ManifestVerifier;
  readonly archives: ArchiveReader;
  readonly readOwnCode: ReadOwnCode;
  readonly readNaming: ReadNaming;
  readonly server: RestoreServer;
  readonly queue: Pick<WorkQueue, 'hide'>;
  /** The exports queue of the same source, for the safety backup of a swap. */
  readonly exports: Pick<WorkQueue, 'send'>;
  readonly outcomes: Outcomes;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RestoreOptions {
  readonly settings: RestoreSettings;
  readonly exportDefaults: ExportSettings;
  readonly retention: RetentionSettings;
  readonly environment: string;
  /** Time between two checks of a safety backup. */
  readonly lookEveryMs: number;
}
