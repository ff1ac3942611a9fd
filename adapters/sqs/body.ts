/**
 * A message's body: JSON in ASCII only. SQS refuses characters that XML does not allow (U+FFFE, an unpaired
 * surrogate, control characters), and a project's name may contain any of them. Source: SQS API reference,
 * SendMessage.
 */
export const bodyOf = (message: unknown): string =>
  JSON.stringify(message).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
