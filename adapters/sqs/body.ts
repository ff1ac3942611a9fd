/**
 * A message's body: JSON in ASCII alone. SQS refuses characters that XML can't hold (U+FFFE, a lone half of a
 * pair, control characters), and a project may be named with any of them. Source: SQS API reference, SendMessage.
 */
export const bodyOf = (message: unknown): string =>
  JSON.stringify(message).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
