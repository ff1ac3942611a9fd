import { LarderError } from '../../core/errors/base.ts';
import { UploadInterrupted, VaultRefused } from '../../core/errors/vault.ts';

interface ServiceFailure {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const statusOf = (error: unknown): number | undefined =>
  (error as ServiceFailure)?.$metadata?.httpStatusCode;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

/** The object, upload or version does not exist. */
export const isMissing = (error: unknown): boolean =>
  ['NoSuchKey', 'NotFound', 'NoSuchUpload', 'NoSuchVersion'].includes(nameOf(error)) ||
  statusOf(error) === 404;

/** 403: forbidden, or missing while the caller may not list the bucket. */
export const isForbidden = (error: unknown): boolean => statusOf(error) === 403;

/** `If-None-Match: *` found an existing object. */
export const isPreconditionFailed = (error: unknown): boolean => statusOf(error) === 412;

/**
 * 4xx answers that another attempt may avoid: bytes that arrived too slowly or damaged, an upload that another
 * caller aborted, expired credentials. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const PASSING = [
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'IncompleteBody',
  'BadDigest',
  'NoSuchUpload',
  'ExpiredToken',
];

/**
 * An S3 failure as an error of our own: 4xx except the above and 408, 409 and 429 are refusals that no retry fixes;
 * throttling, 5xx and network errors are interruptions. Our own errors pass through.
 */
export const named = (error: unknown, doing: string): LarderError => {
  if (error instanceof LarderError) return error;
  const status = statusOf(error);
  const why = `${nameOf(error)}${status === undefined ? '' : ` (HTTP ${status})`} at ${doing}`;
  const refused =
    status !== undefined &&
    status >= 400 &&
    status < 500 &&
    ![408, 409, 429].includes(status) &&
    !PASSING.includes(nameOf(error));
  return refused
    ? new VaultRefused(why, { cause: error })
    : new UploadInterrupted(why, { cause: error });
};
