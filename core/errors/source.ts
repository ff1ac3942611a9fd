/** Reaching a source and its server. */
import { LarderError, Permanent, quoted, Retryable } from './base.ts';

export class SourceUnreachable extends Retryable {
  constructor(source: string, why: string, options?: { cause?: unknown }) {
    super(
      `Source ${quoted(source)} can't be reached: ${why}. Check host, port, security groups and that the database is up.`,
      options,
    );
  }
}

/** A wrong password is retried, because the secret may be in the middle of a rotation. Every other refusal is permanent. */
export class LoginRefused extends LarderError {
  readonly retryable: boolean;
  constructor(
    source: string,
    user: string,
    why: string,
    options?: { cause?: unknown; retryable?: boolean },
  ) {
    super(
      `Source ${quoted(source)} refused the login of ${quoted(user)}: ${why}. Check user, password and pg_hba rules; the secret is read again at every attempt.`,
      options,
    );
    this.retryable = options?.retryable ?? false;
  }
}

export class DatabaseNotFound extends Permanent {
  constructor(source: string, database: string) {
    super(
      `Source ${quoted(source)} has no database ${quoted(database)}. Correct "database" in the configuration.`,
    );
  }
}

export class TlsRefused extends Permanent {
  constructor(source: string, why: string, options?: { cause?: unknown }) {
    super(
      `The TLS connection to source ${quoted(source)} could not be trusted: ${why}. ` +
        'Give the certificate authority as "ca", or set "tls" for a server without TLS.',
      options,
    );
  }
}

export class SecretUnreadable extends Permanent {
  constructor(secret: string, why: string, options?: { cause?: unknown }) {
    super(
      `The secret ${quoted(secret)} can't be used: ${why}. It must be a JSON object with "username" and "password", or a postgresql:// URL.`,
      options,
    );
  }
}

/** A pooler in transaction mode is in front of the server: snapshots and settings would leak or break. */
export class PoolerInTransactionMode extends Permanent {
  constructor(source: string) {
    super(
      `Source ${quoted(source)} is reached through a pooler in transaction mode, where a snapshot can't be held. ` +
        "Use the direct connection, or the pooler's session mode (port 5432 on Supabase; PgBouncer with pool_mode = session and ignore_startup_parameters = options).",
    );
  }
}

export class ServerTooNew extends Permanent {
  constructor(serverMajor: number, majorsOnHand: readonly number[]) {
    super(
      `The server is PostgreSQL ${serverMajor}, but the newest available pg_dump is ${majorsOnHand.length ? Math.max(...majorsOnHand) : 'none'} ` +
        `(available: ${majorsOnHand.join(', ') || 'none'}). Build the client layer with major ${serverMajor}: see docs/layers.md.`,
    );
  }
}
