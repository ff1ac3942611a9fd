/**
 * What the domain needs from the world, as verbs of the domain. No SDK type crosses these lines. Adapters
 * make them real; a use case takes just those it calls. The larger ones have files of their own beside this one.
 */

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** One line of structured log; never with a secret, a row's content or a whole event. */
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
