/** Verifying: the scratch server and its limits. */
import { LarderError, Permanent, quoted, Retryable } from './base.ts';

/** No folder of programs contains a server: nothing can be verified. */
export class ServerLayerMissing extends Permanent {
  constructor(roots: readonly string[]) {
    super(
      `There is no PostgreSQL server for verifications in ${roots.map(quoted).join(', ') || 'any folder'}. ` +
        'Deploy the verify function with the server layer, or build it for this machine with: npm run layers (docs/layers.md).',
    );
  }
}

/** The backup's major is newer than any available server. */
export class ServerTooOld extends Permanent {
  constructor(backupMajor: number, majorsOnHand: readonly number[]) {
    super(
      `The backup is of PostgreSQL ${backupMajor}, and the servers available for verifications are older: ${majorsOnHand.join(', ')}. ` +
        `Build the server layer with major ${backupMajor}: see docs/layers.md.`,
    );
  }
}

/** A restore would not fit into the temporary folder, so it was not begun. */
export class ScratchTooSmall extends Permanent {
  /** @param mostBytes the folder's largest possible size, if it is limited */
  constructor(folder: string, neededBytes: number, freeBytes: number, mostBytes?: number) {
    const most = mostBytes ? Math.floor(mostBytes / 1024 ** 2) : 0;
    super(
      `The verification needs ${mb(neededBytes)} MB of disk in ${folder}, and ${Math.floor(freeBytes / 1024 ** 2)} MB are free. ` +
        (mostBytes && neededBytes > mostBytes
          ? `No setting helps: a Lambda function has ${most} MB at most. Restore this backup into a database of your own to check it; GET .../restore-guide has the commands.`
          : `Set verification.temporaryMb to ${mb(neededBytes)} or more${most ? ` (Lambda allows up to ${most})` : ''}.`),
    );
  }
}

const mb = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);

/** The scratch server's disk ran full although the estimate said that the restore would fit. */
export class ScratchDiskFull extends Permanent {
  constructor(folder: string, why: string, options?: { cause?: unknown }) {
    super(
      `The disk under ${folder} ran full while verifying: ${why}. Raise verification.temporaryMb.`,
      options,
    );
  }
}

/** The scratch server could not be created or did not start. `why` is its own last line, cleaned. */
export class ScratchFailed extends LarderError {
  readonly retryable: boolean;
  constructor(
    why: string,
    wayOut: string,
    options?: { readonly cause?: unknown; readonly retryable?: boolean },
  ) {
    super(`The scratch server for the verification did not start: ${why}. ${wayOut}`, options);
    this.retryable = options?.retryable ?? false;
  }
}

/** The scratch server ended unexpectedly. `why` is its own last lines, cleaned. */
export class ScratchDied extends Retryable {
  /** How it ended, and its last lines. */
  readonly how: string;
  constructor(exit: string, why: string, options?: { cause?: unknown }) {
    super(
      `The scratch server ended unexpectedly with ${exit}${why ? `: ${why}` : ' without any message'}. ` +
        'If the system killed it, memory ran out: raise verification.memoryMb. Then verify the backup again.',
      options,
    );
    this.how = why ? `${exit}: ${why}` : exit;
  }
}

/** The scratch server ran out of memory or another resource; the statement at that moment does not matter. */
export class ScratchFaltered extends Retryable {
  constructor(object: string, why: string, options?: { cause?: unknown }) {
    super(
      `The scratch server ran out of memory or another resource at ${object}: ${why}. It is tried again; if that does not help, raise verification.memoryMb or verification.temporaryMb.`,
      options,
    );
  }
}

/** A backup that no verification can examine, whatever it contains. */
export class BackupNotVerifiable extends Permanent {
  constructor(backupId: string, why: string, wayOut: string) {
    super(`Backup ${quoted(backupId)} can't be verified: ${why}. ${wayOut}`);
  }
}

/** A backup can't be restored into a scratch server, for a reason that is not the backup's fault. */
export class RehearsalImpossible extends Permanent {
  constructor(why: string, wayOut: string, options?: { cause?: unknown }) {
    super(`${why}. ${wayOut}`, options);
  }
}
