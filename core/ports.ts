/**
 * The ports of the domain, as verbs of the domain. No SDK type crosses them. Adapters implement
 * them; a use case accepts only those that it calls. The larger ones have files of their own in this folder.
 */

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** One line of structured log. It never contains a secret, a row's content or a whole event. */
export interface Log {
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly cursor?: string;
}

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface Mailer {
  send(mail: Mail): Promise<void>;
}
