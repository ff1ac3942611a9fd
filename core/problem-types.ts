/**
 * Every type of problem that the HTTP API answers (RFC 9457), by its `code`. docs/errors.md is made from this list
 * (`npm run docs`), and each answer's `type` points to its section there. It imports nothing.
 */
export interface ProblemType {
  readonly status: number;
  /** What happened, in one or two sentences. */
  readonly meaning: string;
  /** What the caller can do. */
  readonly remedy: string;
  /** Seconds, sent as `Retry-After`. Only problems that may pass have it. */
  readonly retryAfter?: number;
}

/** Problems that the API's function answers. */
export const PROBLEM_TYPES = {
  InvalidInput: {
    status: 400,
    meaning: 'A parameter, a header or a field of the body is wrong.',
    remedy: '`problems` has a line for each mistake: its place and what to send instead.',
  },
  PathNotCanonical: {
    status: 400,
    meaning:
      'The path reaches a resource, but is not spelled as in the links of the API: a slash too many, or an encoded letter that needs no encoding.',
    remedy: 'Use the spelling that `detail` gives. IAM policies compare paths letter by letter.',
  },
  FormatNotPossible: {
    status: 400,
    meaning: 'The format and the compression do not go together.',
    remedy: 'Choose one of the pairs that `detail` names, or leave both out.',
  },
  NoSuchPath: {
    status: 404,
    meaning: 'There is nothing at this path.',
    remedy: '`GET /openapi.json` and docs/api.md list the paths.',
  },
  ProjectNotFound: {
    status: 404,
    meaning: 'No source lists a project with this id.',
    remedy: 'Check the id, and the query that lists the projects of the source.',
  },
  BackupNotFound: {
    status: 404,
    meaning:
      'The project has no backup with this id, or none that fits the request. Retention may have removed it.',
    remedy: '`GET /projects/{projectId}/backups` lists its backups.',
  },
  RunNotFound: {
    status: 404,
    meaning: 'There is no run with this id.',
    remedy: '`GET /status` lists the latest runs.',
  },
  RestoreNotFound: {
    status: 404,
    meaning: 'The backup has no restore with this id.',
    remedy: '`GET .../restores` lists its restores. A record is kept for 365 days.',
  },
  VerificationNotFound: {
    status: 404,
    meaning: 'The backup has no verification with this id.',
    remedy: '`GET .../verifications` lists its verifications. A record is kept for 365 days.',
  },
  ProjectNotErased: {
    status: 404,
    meaning: 'The project was not erased.',
    remedy: '`POST .../erase` erases it.',
  },
  ScheduleNotFound: {
    status: 404,
    meaning: 'There is no schedule with this name at this path.',
    remedy: '`GET .../schedules` lists the schedules.',
  },
  MethodNotAllowed: {
    status: 405,
    meaning: 'The path exists, but does not have this method.',
    remedy: 'The header `Allow` lists its methods.',
  },
  ProjectInactive: {
    status: 409,
    meaning: 'The project exists, but is not `ACTIVE` in its source.',
    remedy: 'Activate it in its source. Backups that it has can be read and restored.',
  },
  BackupNotReady: {
    status: 409,
    meaning: 'The state of the backup does not allow the request.',
    remedy: 'Wait until the backup is completed, or choose another one.',
  },
  BackupProtected: {
    status: 409,
    meaning:
      'The backup is pinned, or the last good one of its project, or a restore or verification works on it.',
    remedy:
      'Unpin it, wait for a newer good backup or for the end of the work; or delete it with `force=true`.',
  },
  DuplicateProject: {
    status: 409,
    meaning: 'Two sources list a project with this id.',
    remedy: 'Give one source an `idPrefix`, or remove the project from one of the two.',
  },
  RestoreNotAllowed: {
    status: 409,
    meaning: 'The configuration does not allow this restore.',
    remedy: '`detail` names the setting. docs/restore.md describes it.',
  },
  RestoreNotReady: {
    status: 409,
    meaning: 'The state of the restore does not allow the request.',
    remedy: '`detail` names the state and what it must be.',
  },
  TablesNeedArchive: {
    status: 409,
    meaning:
      'Single tables were requested from a plain SQL backup, which has no table of contents.',
    remedy: 'Restore the whole backup beside the live schema and take the tables from there.',
  },
  ContentNotRestorable: {
    status: 409,
    meaning: 'The backup lacks what this operation needs: definitions, rows, or a database.',
    remedy: '`detail` names another way.',
  },
  BackupDamaged: {
    status: 409,
    meaning: 'The object or the manifest in the vault is not the one that was stored.',
    remedy: "Use another backup. Look at the bucket's earlier versions of the key.",
  },
  ManifestTooLarge: {
    status: 409,
    meaning: 'The manifest is larger than the API reads.',
    remedy: 'Restore the backup by hand: docs/restore.md.',
  },
  ProjectStillListed: {
    status: 409,
    meaning: 'The source still lists the project whose backups are to be erased.',
    remedy: 'Remove the project in its source and start a run, or send `acceptListed: true`.',
  },
  ErasureNotCompleted: {
    status: 409,
    meaning: 'The erasure has not ended, so that there is no signed statement yet.',
    remedy: '`GET .../erase` shows its progress, and the reason if objects cannot be removed.',
  },
  ScheduleConfigured: {
    status: 409,
    meaning: 'The schedule belongs to the configuration. The API shows it and does not change it.',
    remedy: 'Change `schedules` in larder.config.ts and deploy, or use another name.',
  },
  TooManySchedules: {
    status: 409,
    meaning: 'The project, or all projects together, have as many schedules as the API allows.',
    remedy: 'Delete one first.',
  },
  ProjectErased: {
    status: 410,
    meaning: 'The project was erased, with all of its backups.',
    remedy:
      '`GET .../erase` says when, and has a signed statement. A new project needs another id.',
  },
  BackupGone: {
    status: 410,
    meaning: 'The history names the backup, but the vault has no such object.',
    remedy: '`larder history compare` compares the two.',
  },
  BackupRemoved: {
    status: 410,
    meaning: 'Retention or a person removed the backup. Its row remains for a year.',
    remedy: '`deletedAt` and `deletedWhy` of the backup say when and why. Use another backup.',
  },
  ScheduleExists: {
    status: 412,
    meaning: 'There is a schedule with this name, and `If-None-Match: *` refuses to replace it.',
    remedy: 'Leave the header out to replace it, or use another name.',
  },
  BodyTooLarge: {
    status: 413,
    meaning: 'The body has more bytes than the API reads.',
    remedy: 'Send less: 256 KiB hold the ids of more than a thousand projects.',
  },
  UnsupportedMediaType: {
    status: 415,
    meaning: 'The body is not JSON.',
    remedy: 'Send `Content-Type: application/json`.',
  },
  IdempotencyConflict: {
    status: 422,
    meaning: 'The `Idempotency-Key` was used for another request within the last 24 hours.',
    remedy: 'Use a new key for a new request.',
  },
  TooManyRequests: {
    status: 429,
    meaning:
      'DynamoDB, SQS or another service of AWS throttles requests, although they were repeated.',
    remedy: 'Send the request again after the time in `Retry-After`.',
    retryAfter: 30,
  },
  UnexpectedError: {
    status: 500,
    meaning: 'An error that the API does not know.',
    remedy:
      'The log of the function `api` has it under the id in `instance`. If it happens again, look at docs/runbook.md.',
  },
  ProjectNotResolved: {
    status: 503,
    meaning: 'The project is unknown, and not every source could be asked for it.',
    remedy: 'Send the request again later. `detail` names the sources that did not answer.',
    retryAfter: 30,
  },
  ManifestKeyUnreachable: {
    status: 503,
    meaning: 'KMS did not answer, so that the signature of the manifest could not be checked.',
    remedy: 'Send the request again later.',
    retryAfter: 30,
  },
  ScheduleBusy: {
    status: 503,
    meaning: 'Another request changes the same schedule.',
    remedy: 'Send the request again.',
    retryAfter: 5,
  },
} as const satisfies Readonly<Record<string, ProblemType>>;
export type ProblemCode = keyof typeof PROBLEM_TYPES;

/** Problems that API Gateway answers before it calls the function. Their codes are its own names. */
export const GATEWAY_PROBLEM_TYPES = {
  BAD_REQUEST_PARAMETERS: {
    status: 400,
    meaning: 'A required parameter is missing.',
    remedy: '`detail` names it.',
  },
  BAD_REQUEST_BODY: {
    status: 400,
    meaning: 'The body does not match the schema of the route.',
    remedy: '`detail` has the mistakes. docs/api.md has the fields of each body.',
  },
  DEFAULT_4XX: {
    status: 400,
    meaning: 'API Gateway refused the request for another reason.',
    remedy: '`code` has its name for the reason.',
  },
  MISSING_AUTHENTICATION_TOKEN: {
    status: 403,
    meaning: 'The request is not signed.',
    remedy: 'Sign it with SigV4 for the service `execute-api`, as the command line does.',
  },
  ACCESS_DENIED: {
    status: 403,
    meaning: "The caller's IAM policy does not allow this path.",
    remedy: 'docs/access.md has policies for each use.',
  },
  INVALID_SIGNATURE: {
    status: 403,
    meaning: 'The signature does not match the request.',
    remedy: "Check the secret key, the region, and this machine's clock.",
  },
  EXPIRED_TOKEN: {
    status: 403,
    meaning: 'The credentials have expired.',
    remedy: 'Sign in again.',
  },
  REQUEST_TOO_LARGE: {
    status: 413,
    meaning: 'The body has over 10 MB.',
    remedy: 'Send less.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    meaning: 'The body is not JSON.',
    remedy: 'Send `Content-Type: application/json`.',
  },
  THROTTLED: {
    status: 429,
    meaning: 'All callers together send more requests a second than the API accepts.',
    remedy: 'Send the request again after the time in `Retry-After`.',
    retryAfter: 1,
  },
  API_CONFIGURATION_ERROR: {
    status: 500,
    meaning: 'The API is not set up correctly.',
    remedy: 'Deploy the stack again.',
  },
  DEFAULT_5XX: {
    status: 502,
    meaning: 'The function did not answer in a form that API Gateway reads.',
    remedy: 'The log of the function `api` has the reason.',
  },
  INTEGRATION_FAILURE: {
    status: 504,
    meaning: 'The function could not be called.',
    remedy: 'Send the request again later.',
  },
  INTEGRATION_TIMEOUT: {
    status: 504,
    meaning: 'The function did not answer within 29 seconds.',
    remedy: 'Send the request again later, with the same `Idempotency-Key` if it has one.',
  },
} as const satisfies Readonly<Record<string, ProblemType>>;
export type GatewayProblemCode = keyof typeof GATEWAY_PROBLEM_TYPES;

/** Name of a section of docs/errors.md, as GitHub and others make it from the heading. */
export const anchorOf = (code: string): string => code.toLowerCase();

/**
 * The URI of a type: a file of Larder's repository and its section, as a URN (RFC 8141, whose f-component is a fragment). It does
 * not depend on the place where an API is deployed.
 */
export const problemTypeUri = (code: string): string =>
  `urn:larder:docs/errors.md#${anchorOf(code)}`;
