import type { VerificationQueue, Verifications } from '../../core/job-ports.ts';
import type {
  Clock,
  Compressor,
  ExportQueue,
  History,
  Log,
  Outcomes,
  ProjectSource,
  SnapshotSource,
  Vault,
} from '../../core/ports.ts';
import type { ExportSettings } from '../../core/settings.ts';
import type { VerificationSettings } from '../../core/verification.ts';

export interface ExportPorts {
  readonly history: History;
  readonly vault: Vault;
  readonly projects: ProjectSource;
  readonly snapshots: SnapshotSource;
  readonly queue: Pick<ExportQueue, 'hide'>;
  readonly outcomes: Outcomes;
  readonly verifications: Pick<Verifications, 'create' | 'list'>;
  readonly verificationQueue: Pick<VerificationQueue, 'send'>;
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
