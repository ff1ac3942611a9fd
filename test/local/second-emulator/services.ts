import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { dynamodbRequests } from '../../../local/access/requests/dynamodb.ts';
import {
  kmsRequests,
  secretsRequests,
  sesRequests,
  ssmRequests,
} from '../../../local/access/requests/others.ts';
import { s3Requests } from '../../../local/access/requests/s3.ts';
import { sqsRequests } from '../../../local/access/requests/sqs.ts';
import { CREDENTIALS, REGION } from '../../../local/region.ts';
import type { StartEmulators } from '../../../local/stack/emulators.ts';
import { type ForwardOptions, startForward } from './forward.ts';
import type { MotoServer } from './moto.ts';

/**
 * moto as the services of a stack: each behind the access control of the local stack, so that it also refuses what a role does not allow.
 * @param senders addresses that SES has verified
 */
export const motoServices =
  (moto: MotoServer, senders: readonly string[]): StartEmulators =>
  async ({ admit, secrets, opened }) => {
    const own = { endpoint: moto.url, region: REGION, credentials: CREDENTIALS };
    const [s3, kms, ses, ssm, sqs, secretsManager] = [
      new S3Client({ ...own, forcePathStyle: true }),
      new KMSClient(own),
      new SESClient(own),
      new SSMClient(own),
      new SQSClient(own),
      new SecretsManagerClient(own),
    ];
    opened({
      close: async () => {
        for (const client of [s3, kms, ses, ssm, sqs, secretsManager]) client.destroy();
      },
    });
    const served = async (options: Omit<ForwardOptions, 'port'>) =>
      opened(await startForward({ port: moto.port, ...options }));

    for (const EmailAddress of senders)
      await ses.send(new VerifyEmailIdentityCommand({ EmailAddress }));
    for (const [arn, SecretString] of secrets)
      await secretsManager.send(
        new CreateSecretCommand({ Name: arn.split(':').at(-1), SecretString }),
      );
    /** moto chooses the ids of keys itself. */
    const keyIds = new Map<string, string>();
    const withKeyIds = (body: string): string =>
      [...keyIds].reduce((text, [id, real]) => text.replaceAll(id, real), body);
    let mails = 0;

    const keys = await served({ admit: admit(kmsRequests), rewrite: withKeyIds });
    const store = await served({ admit: admit(s3Requests) });
    const queues = await served({ admit: admit(sqsRequests) });
    const mailbox = await served({
      admit: admit(sesRequests),
      onAnswer: (status) => {
        if (status === 200) mails += 1;
      },
    });
    return {
      store: {
        url: store.url,
        // Whether a caller learns that an object is missing is checked with the other emulator.
        has: () => true,
        createBucket: async (Bucket) => {
          await s3.send(new CreateBucketCommand({ Bucket }));
          await s3.send(
            new PutBucketVersioningCommand({
              Bucket,
              VersioningConfiguration: { Status: 'Enabled' },
            }),
          );
        },
      },
      queues: {
        url: queues.url,
        ensure: async (QueueName, Attributes) => {
          await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { ...Attributes } }));
        },
      },
      tables: await served({ admit: admit(dynamodbRequests) }),
      mailbox: { url: mailbox.url, pageUrl: mailbox.url, count: () => mails },
      secrets: await served({ admit: admit(secretsRequests) }),
      keys: {
        url: keys.url,
        ensure: async (id) => {
          const { KeyMetadata } = await kms.send(
            new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
          );
          keyIds.set(id, KeyMetadata?.KeyId ?? '');
        },
      },
      startParameters: async (values) => {
        for (const [Name, Value] of values)
          await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String' }));
        return served({ admit: admit(ssmRequests) });
      },
    };
  };
