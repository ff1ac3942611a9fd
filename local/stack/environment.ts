import path from 'node:path';
import { ENV } from '../../core/contract.ts';
import type { Credentials } from '../emulators/signature.ts';
import { REGION } from '../region.ts';
import type { LocalFunction } from '../template/model.ts';

export const LOG_STREAM = 'local';

/** The addresses of the emulators. */
export interface Endpoints {
  readonly s3: string;
  readonly sqs: string;
  readonly dynamodb: string;
  readonly ses: string;
  readonly secretsManager: string;
  readonly kms: string;
  readonly ssm: string;
  readonly lambda: string;
  readonly scheduler: string;
  /** Answers for every service without an emulator, so that no call reaches AWS. */
  readonly others: string;
}

export interface FunctionSurroundings {
  readonly endpoints: Endpoints;
  /** The function's credentials: the emulators identify it by them. */
  readonly credentials: Credentials;
  /** Folders used as /opt/postgres, in place of the layers. */
  readonly postgresRoots: readonly string[];
  /** The folder used as /tmp. */
  readonly temporaryFolder: string;
}

/**
 * The complete environment of a function's process: the template's variables, Lambda's own variables, and the emulators'
 * addresses. Nothing is inherited from the environment that started the stack, in particular no credentials of the user.
 */
export const environmentOfFunction = (
  fn: LocalFunction,
  { endpoints, credentials, postgresRoots, temporaryFolder }: FunctionSurroundings,
): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_CONFIG_FILE: path.join(temporaryFolder, 'no-such-config'),
  AWS_SHARED_CREDENTIALS_FILE: path.join(temporaryFolder, 'no-such-credentials'),
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ENDPOINT_URL: endpoints.others,
  AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  AWS_ENDPOINT_URL_KMS: endpoints.kms,
  AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
  AWS_ENDPOINT_URL_S3: endpoints.s3,
  AWS_ENDPOINT_URL_SCHEDULER: endpoints.scheduler,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
  AWS_ENDPOINT_URL_SES: endpoints.ses,
  AWS_ENDPOINT_URL_SQS: endpoints.sqs,
  AWS_ENDPOINT_URL_SSM: endpoints.ssm,
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMb),
  AWS_LAMBDA_FUNCTION_NAME: fn.name,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_LOG_GROUP_NAME: fn.logGroup,
  AWS_LAMBDA_LOG_STREAM_NAME: LOG_STREAM,
  LAMBDA_TASK_ROOT: fn.codeFolder,
  _HANDLER: fn.handler,
  LANG: 'en_US.UTF-8',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  TMPDIR: temporaryFolder,
  TZ: 'UTC',
  ...fn.environment,
  ...(fn.hasLayers ? { [ENV.postgresRoot]: postgresRoots.join(':') } : {}),
});
