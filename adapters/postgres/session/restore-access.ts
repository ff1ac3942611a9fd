import type { SourceAccess } from './session.ts';

/** How a restore reaches a source: with the login of its restore role. */
export interface RestoreAccess extends SourceAccess {
  /** Distinguishes this stack's sessions from those of another on the same source. */
  readonly stack?: string;
  /** How long a restore may block another session's DDL; 10 by default. */
  readonly giveWayAfterSeconds?: number | 'never';
}
