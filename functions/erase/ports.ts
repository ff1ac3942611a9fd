import type { Status } from '../../core/backup.ts';
import type { ErasableVault, Erasures, ProjectRows } from '../../core/erasure-ports.ts';
import type { ManifestSigner } from '../../core/manifest-signature.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Schedules } from '../../core/schedule-ports.ts';
import type { Vault } from '../../core/vault-ports.ts';

interface Cancels {
  /** Returns the new status. */
  requestCancel(projectId: string, id: string): Promise<Status | undefined>;
}

export interface ErasePorts {
  readonly erasures: Erasures;
  readonly rows: ProjectRows;
  /** How work of each kind is cancelled. */
  readonly work: Readonly<Record<'backup' | 'restore' | 'verification', Cancels>>;
  readonly objects: ErasableVault;
  readonly vault: Pick<Vault, 'uploads' | 'abortUpload'>;
  readonly schedules: Pick<Schedules, 'removeAll'>;
  readonly signer: Pick<ManifestSigner, 'sign'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface EraseSettings {
  readonly environment: string;
  readonly keyTemplate: string;
}
