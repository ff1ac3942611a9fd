import { printable } from '../core/printable.ts';

/**
 * AWS errors in words, with the next step. The SDK's own messages say what happened, but seldom for which resource
 * or why.
 */
const HINTS: Readonly<Record<string, string>> = {
  ResourceNotFoundException:
    'There is no such table in this region and account. Check --table, AWS_REGION and AWS_PROFILE.',
  NoSuchBucket: 'There is no such bucket. Check --bucket and AWS_PROFILE.',
  PermanentRedirect: 'The bucket is in another region. Set AWS_REGION.',
  AccessDenied: 'The caller may not do this. docs/history.md lists the rights that are needed.',
  AccessDeniedException:
    'The caller may not do this. docs/history.md lists the rights that are needed.',
  CredentialsProviderError: 'There are no credentials. Set AWS_PROFILE, or sign in.',
  ExpiredToken: 'The credentials have expired. Sign in again; finished work is kept.',
  ExpiredTokenException: 'The credentials have expired. Sign in again; finished work is kept.',
  ProvisionedThroughputExceededException:
    'DynamoDB throttled the requests for too long. Run the same command again: it continues from there.',
  ThrottlingException:
    'DynamoDB throttled the requests for too long. Run the same command again: it continues from there.',
};

/** Any error in one line. */
export const failureText = (error: unknown): string => {
  if (!(error instanceof Error)) return printable(String(error));
  if (error.message === 'Region is missing') return 'No region is set. Set AWS_REGION.';
  const hint = HINTS[error.name];
  const [line = ''] = (error.message || error.name).split('\n');
  return printable(hint === undefined ? line : `${error.name}: ${line}. ${hint}`);
};
