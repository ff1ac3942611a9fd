import type { History } from '../../core/history-ports.ts';
import type { Validations, Verifications } from '../../core/job-ports.ts';
import type { WorkQueue } from '../../core/leased-work/store.ts';
import type { ManifestVerifier } from '../../core/manifest-signature.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Outcomes } from '../../core/queue-ports.ts';
import type { ArchiveReader, VaultReader } from '../../core/restore-ports.ts';
import type { ScratchRestores } from '../../core/verification-ports.ts';

export interface VerifyPorts {
  readonly verifications: Verifications;
  readonly validations: Validations;
  readonly history: Pick<History, 'get'>;
  readonly vault: VaultReader;
  readonly manifestKeys: ManifestVerifier;
  readonly archives: Pick<ArchiveReader, 'open'>;
  readonly scratchRestores: ScratchRestores;
  readonly queue: Pick<WorkQueue, 'hide'>;
  readonly outcomes: Outcomes;
  readonly clock: Clock;
  readonly log: Log;
}
