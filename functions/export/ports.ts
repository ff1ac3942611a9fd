import type { History } from '../../core/history-ports.ts';
import type { Verifications } from '../../core/job-ports.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { ManifestSigner } from '../../core/manifest-signature.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type { ExportSettings } from '../../core/settings.ts';
import type { Compressor, SnapshotSource } from '../../core/snapshot-ports.ts';
import type { ProjectSource } from '../../core/source-ports.ts';
import type { Vault } from '../../core/vault-ports.ts';
import type { VerificationSettings } from '../../core/verification.ts';

export interface ExportPorts {
  readonly history: History;
  readonly vault: Vault;
  /** The key that signs the vault's manifests. */
  readonly manifestKey: Pick<ManifestSigner, 'hasSigned'>;
  readonly projects: ProjectSource;
  readonly snapshots: SnapshotSource;
  readonly queue: Pick<WorkQueue, 'hide'>;
  readonly outcomes: Outcomes;
  readonly verifications: Pick<Verifications, 'create' | 'list'>;
  readonly verificationQueue: Pick<WorkQueue, 'send'>;
  readonly compressor: (kind: 'zstd' | 'bzip2') => Promise<Compressor>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ExportOptions {
  readonly settings: ExportSettings;
  readonly verification: VerificationSettings;
  readonly keyTemplate: string;
  readonly environment: string;
  readonly larderVersion: string;
}
