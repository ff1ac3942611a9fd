/** Notifying people. */
import { quoted, Retryable } from './base.ts';

export class MailNotSent extends Retryable {
  constructor(from: string, why: string, options?: { cause?: unknown }) {
    super(
      `The mail from ${quoted(from)} could not be sent: ${why}. Verify the sender's identity in SES, and in the sandbox of SES each recipient's. The mail is tried again.`,
      options,
    );
  }
}

/** Another invocation has the right to mail a run and has not mailed it yet: it may have died. */
export class MailUnderway extends Retryable {
  constructor(runId: string) {
    super(
      `The mail of run ${runId} is being sent by another invocation; this one checks again later.`,
    );
  }
}
