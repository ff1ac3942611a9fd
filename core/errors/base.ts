import { printableJson } from '../printable.ts';

/**
 * Base of every named error. A leaf says whether trying again may help (`retryable`) and ends its
 * message with what the reader should do next. Messages go into records, mails and HTTP answers: they hold
 * names and numbers, never a secret and never another tool's bare output.
 */
export abstract class LarderError extends Error {
  /** True if another attempt may succeed later without any change. */
  abstract readonly retryable: boolean;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

export abstract class Permanent extends LarderError {
  readonly retryable = false;
}

export abstract class Retryable extends LarderError {
  readonly retryable = true;
}

/** A name in a message: as JSON, with an escape for every invisible character. */
export const quoted = (name: string): string => printableJson(name);

/** An error of any kind as it is kept in records: name and message only. */
export const describeError = (error: unknown): { name: string; message: string } => {
  if (error instanceof LarderError) return { name: error.name, message: error.message };
  const name = error instanceof Error ? error.name : 'Error';
  return { name, message: `Unexpected failure (${name}). The function's log has the details.` };
};

/** The same for a log line, with the stack. */
export const failureFacts = (error: unknown) => ({
  failure: describeError(error),
  stack: error instanceof Error ? error.stack : undefined,
});

/** True if a retry may help. An unknown error counts as retryable, because attempts are bounded. */
export const isRetryable = (error: unknown): boolean =>
  error instanceof LarderError ? error.retryable : true;
