import { DeleteObjectsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUCKET, type Enforced, may, startEnforced } from './enforced.ts';
import { type Cases, objects, prefix, S3_CASES } from './s3-cases.ts';
import { SERVICE_CASES } from './service-cases.ts';

/**
 * What each request needs, proved from both sides: with just these statements it is allowed, and without any one of them it is
 * refused in its service's own form.
 */
let enforced: Enforced;
beforeAll(async () => {
  enforced = await startEnforced();
});
afterAll(() => enforced.close());

/** `AccessDenied`, `AccessDeniedException`, or an answer to HEAD, which has no body. */
const refusalOf = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked;
    return 'none';
  } catch (error) {
    const { name, $metadata: { httpStatusCode = 0 } = {} } = error as {
      readonly name: string;
      readonly $metadata?: { readonly httpStatusCode?: number };
    };
    return httpStatusCode === 403 && !name.startsWith('AccessDenied') ? 'AccessDenied' : name;
  }
};

describe.each(Object.entries<Cases[string]>({ ...S3_CASES, ...SERVICE_CASES }))(
  '%s',
  (_, [ask, needs]) => {
    it('passes with just what it needs', async () => {
      expect(await refusalOf(ask(enforced.clientsOf(await enforced.roleWith(needs))))).not.toMatch(
        /^AccessDenied/,
      );
    });

    it.each(needs.map((need) => [need.Action, need] as const))(
      'is refused without %s',
      async (_action, need) => {
        const others = needs.filter((one) => one !== need);
        const credentials = await enforced.roleWith(others);
        expect(await refusalOf(ask(enforced.clientsOf(credentials)))).toMatch(/^AccessDenied/);
      },
    );
  },
);

it('a condition on a key that an action does not have never holds', async () => {
  const [ask] = S3_CASES['S3 ListMultipartUploads'];
  const credentials = await enforced.roleWith([
    may('s3:ListBucketMultipartUploads', BUCKET, prefix),
  ]);
  expect(await refusalOf(ask(enforced.clientsOf(credentials)))).toBe('AccessDenied');
});

it('of several objects the allowed ones are deleted, and the others are named', async () => {
  const operatorsS3 = enforced.clientsOf(enforced.operator).s3;
  for (const Key of ['backups/one', 'backups/two', 'others/three'])
    await operatorsS3.send(new PutObjectCommand({ Bucket: 'vault', Key, Body: 'x' }));
  const { s3 } = enforced.clientsOf(await enforced.roleWith([objects('s3:DeleteObject')]));
  const Objects = ['backups/one', 'backups/two', 'others/three'].map((Key) => ({ Key }));
  const answer = await s3.send(new DeleteObjectsCommand({ Bucket: 'vault', Delete: { Objects } }));
  expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(['backups/one', 'backups/two']);
  expect(answer.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
    ['others/three', 'AccessDenied'],
  ]);
  expect(['backups/one', 'others/three'].map((key) => enforced.store.has('vault', key))).toEqual([
    false,
    true,
  ]);
});

it('a denial in the policy of the bucket overrides the role’s own', async () => {
  const refuse = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [`${BUCKET}/*`] };
  const [ask, needs] = S3_CASES['S3 GetObject'];
  const without = async (more: object): Promise<string> => {
    const credentials = await enforced.roleWith(needs, [{ ...refuse, ...more }]);
    return refusalOf(ask(enforced.clientsOf(credentials)));
  };
  expect(await without({})).toBe('AccessDenied');
  expect(await without({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })).toBe('none');
  expect(await without({ Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } } })).toBe(
    'none',
  );
});

it('an operation without known permissions is refused', async () => {
  const { sqs } = enforced.clientsOf(await enforced.roleWith([may('sqs:*', '*')]));
  const asked = sqs.send(new CreateQueueCommand({ QueueName: 'Own' }));
  await expect(asked).rejects.toThrow(/does not know which permissions SQS's CreateQueue needs/);
});
