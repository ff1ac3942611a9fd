import { describe, expect, test } from 'vitest';
import { config, otherSource, restore, source } from './support/config.ts';
import { grantsOf } from './support/grants.ts';
import { synthesis } from './support/stack.ts';

const LOG = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const TAKE = ['sqs:DeleteMessage', 'sqs:ReceiveMessage'];
const READ_QUEUE = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:larder/main-AbCdEf';
const TABLE = '<History/Table.Arn>';
const BY_STATUS = `${TABLE}/index/by-status`;
const BY_DAY = `${TABLE}/index/by-day`;
const OBJECTS = '<Vault/Bucket.Arn>/backups/*';
const BELOW_PREFIX = '<Vault/Bucket.Arn> if {"StringLike":{"s3:prefix":"backups/*"}}';
const KEY =
  '<Vault/Key.Arn> if {"StringEquals":{"kms:ViaService":"s3.<AWS::Region>.<AWS::URLSuffix>"}}';
const TEMPLATES = '<Vault/Bucket.Arn>/templates/main/*';
const TEMPLATES_OFF = '<Vault/Bucket.Arn>/templates-off/main.json';
const BELOW_TEMPLATES =
  '<Vault/Bucket.Arn> if {"StringLike":{"s3:prefix":["templates/main/*","templates-off/main.json"]}}';
const MANIFESTS = '<Manifests/Key.Arn>';
const OUTCOMES = '<Outcomes/Messages/Queue.Arn>';
const VERIFICATIONS = '<Verifications/Requests/Queue.Arn>';
const RESTORES = '<Sources/main/Restores/Requests/Queue.Arn>';
const MAIL = 'if {"StringEquals":{"ses:FromAddress":"backups@example.com"}}';
const PARAMETER = 'arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter';
const schedulesIn = (group: string): string =>
  `arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/<${group}/Group>/*`;
const IDENTITY = 'arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity';

describe('each function has the grants that it uses, and no others', () => {
  const one = synthesis(config({ sources: [source({ restore: restore() })] }));

  test('discover reads one secret and writes the registry', () => {
    expect(grantsOf(one, 'Sources/main/Discover/Role')).toEqual({
      '<Sources/main/Discover/Log.Arn>': LOG,
      [SECRET]: ['secretsmanager:GetSecretValue'],
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      [BY_STATUS]: ['dynamodb:Query'],
    });
  });

  test('plan writes rows and sends, to its source’s queue only', () => {
    expect(grantsOf(one, 'Sources/main/Plan/Role')).toEqual({
      '<Sources/main/Plan/Log.Arn>': LOG,
      [SECRET]: ['secretsmanager:GetSecretValue'],
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [BY_STATUS]: ['dynamodb:Query'],
      '<Sources/main/Exports/Queue.Arn>': ['sqs:SendMessage'],
      '<Sources/main/PlanDeadLetters.Arn>': ['sqs:SendMessage'],
      [OUTCOMES]: ['sqs:SendMessage'],
    });
  });

  test('export stores below the prefix; it deletes nothing, and requests verifications', () => {
    expect(grantsOf(one, 'Sources/main/Export/Role')).toEqual({
      '<Sources/main/Export/Log.Arn>': LOG,
      [SECRET]: ['secretsmanager:GetSecretValue'],
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [OBJECTS]: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'],
      [BELOW_PREFIX]: ['s3:ListBucket'],
      [KEY]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      [MANIFESTS]: ['kms:GenerateMac'],
      '<Sources/main/Exports/Queue.Arn>': ['sqs:ChangeMessageVisibility', ...READ_QUEUE],
      [OUTCOMES]: ['sqs:SendMessage'],
      [VERIFICATIONS]: ['sqs:SendMessage'],
    });
  });

  test('restore has the restore role’s secret and not the backup role’s; it reads the vault and writes nothing there', () => {
    expect(grantsOf(one, 'Sources/main/Restores/Restore/Role')).toEqual({
      '<Sources/main/Restores/Restore/Log.Arn>': LOG,
      [restore().secretArn ?? '']: ['secretsmanager:GetSecretValue'],
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [OBJECTS]: ['s3:GetObject'],
      [BELOW_PREFIX]: ['s3:ListBucket'],
      [KEY]: ['kms:Decrypt'],
      [MANIFESTS]: ['kms:VerifyMac'],
      [RESTORES]: ['sqs:ChangeMessageVisibility', ...READ_QUEUE],
      '<Sources/main/Exports/Queue.Arn>': ['sqs:SendMessage'],
      [OUTCOMES]: ['sqs:SendMessage'],
    });
  });

  test('verify reads the vault and reaches no database: it has no secret', () => {
    expect(grantsOf(one, 'Verifications/Verify/Role')).toEqual({
      '<Verifications/Verify/Log.Arn>': LOG,
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [OBJECTS]: ['s3:GetObject'],
      [BELOW_PREFIX]: ['s3:ListBucket'],
      [KEY]: ['kms:Decrypt'],
      [MANIFESTS]: ['kms:VerifyMac'],
      [VERIFICATIONS]: ['sqs:ChangeMessageVisibility', ...READ_QUEUE],
      [OUTCOMES]: ['sqs:SendMessage'],
    });
  });

  test('the API reads and removes objects, and reaches databases through discover and plan only', () => {
    expect(grantsOf(one, 'Api/Handler/Role')).toEqual({
      '<Api/Handler/Log.Arn>': LOG,
      [TABLE]: [
        'dynamodb:BatchGetItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      [BY_STATUS]: ['dynamodb:Query'],
      [BY_DAY]: ['dynamodb:Query'],
      [OBJECTS]: ['s3:DeleteObjectVersion', 's3:GetObject'],
      [BELOW_PREFIX]: ['s3:ListBucket', 's3:ListBucketVersions'],
      [KEY]: ['kms:Decrypt'],
      [MANIFESTS]: ['kms:VerifyMac'],
      '<Sources/main/Exports/Queue.Arn>': ['sqs:SendMessage'],
      [RESTORES]: ['sqs:SendMessage'],
      [VERIFICATIONS]: ['sqs:SendMessage'],
      [OUTCOMES]: ['sqs:SendMessage'],
      '<Sources/main/Discover/Function.Arn>': ['lambda:InvokeFunction'],
      '<Sources/main/Plan/Function.Arn>': ['lambda:InvokeFunction'],
      '<Erasing/Erase/Function.Arn>': ['lambda:InvokeFunction'],
      [`${PARAMETER}/<Routes/0>`]: ['ssm:GetParameters'],
      [schedulesIn('ApiSchedules')]: [
        'scheduler:CreateSchedule',
        'scheduler:DeleteSchedule',
        'scheduler:GetSchedule',
        'scheduler:UpdateSchedule',
      ],
      [schedulesIn('Schedules')]: ['scheduler:GetSchedule'],
      '*': ['scheduler:ListSchedules'],
      '<ApiSchedules/Role.Arn> if {"StringEquals":{"iam:PassedToService":"scheduler.amazonaws.com"}}':
        ['iam:PassRole'],
    });
  });

  test('notify sends mail from the configured address only', () => {
    expect(grantsOf(one, 'Outcomes/Notify/Role')).toEqual({
      '<Outcomes/Notify/Log.Arn>': LOG,
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [OUTCOMES]: READ_QUEUE,
      [`${IDENTITY}/* ${MAIL}`]: ['ses:SendEmail'],
    });
  });

  test('expire removes objects that it may not read', () => {
    expect(grantsOf(one, 'Retention/Expire/Role')).toEqual({
      '<Retention/Expire/Log.Arn>': LOG,
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      [OBJECTS]: ['s3:DeleteObjectVersion'],
      [BELOW_PREFIX]: ['s3:ListBucket', 's3:ListBucketVersions'],
      '<Retention/DeadLetters.Arn>': ['sqs:SendMessage'],
      '<History/Table.StreamArn>': [
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
      ],
      '*': ['dynamodb:ListStreams'],
    });
  });

  test('sweep sends messages again, starts plans and cleans up below the prefix', () => {
    expect(grantsOf(one, 'Sweeping/Sweep/Role')).toEqual({
      '<Sweeping/Sweep/Log.Arn>': LOG,
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [BY_STATUS]: ['dynamodb:Query'],
      [OBJECTS]: ['s3:AbortMultipartUpload', 's3:DeleteObjectVersion'],
      [BELOW_PREFIX]: ['s3:ListBucket', 's3:ListBucketVersions'],
      '<Vault/Bucket.Arn>': ['s3:ListBucketMultipartUploads'],
      [OUTCOMES]: ['sqs:SendMessage'],
      '<Sources/main/Exports/Queue.Arn>': ['sqs:GetQueueAttributes', 'sqs:SendMessage'],
      [RESTORES]: ['sqs:GetQueueAttributes', 'sqs:SendMessage'],
      [VERIFICATIONS]: ['sqs:GetQueueAttributes', 'sqs:SendMessage'],
      '<Erasing/Erase/Function.Arn>': ['lambda:InvokeFunction'],
      '<Sources/main/Plan/Function.Arn>': ['lambda:InvokeFunction'],
      [`${PARAMETER}/<Routes/0>`]: ['ssm:GetParameters'],
    });
  });

  test('bury reads the dead-letter queues and no other', () => {
    expect(grantsOf(one, 'Burial/Bury/Role')).toEqual({
      '<Burial/Bury/Log.Arn>': LOG,
      [TABLE]: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [OUTCOMES]: ['sqs:SendMessage'],
      '<Outcomes/Messages/DeadLetters.Arn>': TAKE,
      '<Runs/DeadLetters.Arn>': TAKE,
      '<Retention/DeadLetters.Arn>': TAKE,
      '<Sources/main/Exports/DeadLetters.Arn>': TAKE,
      '<Sources/main/PlanDeadLetters.Arn>': TAKE,
      '<Sources/main/Restores/Requests/DeadLetters.Arn>': TAKE,
      '<Verifications/Requests/DeadLetters.Arn>': TAKE,
      [`${PARAMETER}/<Burial/Settings/0>`]: ['ssm:GetParameters'],
    });
  });

  test('start-runs writes the row of a run and starts planning', () => {
    expect(grantsOf(one, 'Runs/Start/Role')).toEqual({
      '<Runs/Start/Log.Arn>': LOG,
      [TABLE]: ['dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      '<Sources/main/Plan/Function.Arn>': ['lambda:InvokeFunction'],
      '<Runs/DeadLetters.Arn>': ['sqs:SendMessage'],
      [`${PARAMETER}/<Routes/0>`]: ['ssm:GetParameters'],
    });
  });

  test('the schedules’ role starts runs, sweep and bury, and sends to a queue what it could not start', () => {
    expect(grantsOf(one, 'Schedules/Role')).toEqual({
      '<Runs/Start/Function.Arn>': ['lambda:InvokeFunction'],
      '<Sweeping/Sweep/Function.Arn>': ['lambda:InvokeFunction'],
      '<Burial/Bury/Function.Arn>': ['lambda:InvokeFunction'],
      '<Runs/DeadLetters.Arn>': ['sqs:SendMessage'],
    });
  });

  test('erase deletes rows, objects and schedules that it may not read, and signs that it did', () => {
    expect(grantsOf(one, 'Erasing/Erase/Role')).toEqual({
      '<Erasing/Erase/Log.Arn>': LOG,
      [TABLE]: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [OBJECTS]: ['s3:AbortMultipartUpload', 's3:DeleteObjectVersion'],
      [BELOW_PREFIX]: ['s3:ListBucketVersions'],
      '<Vault/Bucket.Arn>': ['s3:ListBucketMultipartUploads'],
      [MANIFESTS]: ['kms:GenerateMac'],
      [schedulesIn('ApiSchedules')]: ['scheduler:DeleteSchedule'],
      '*': ['scheduler:ListSchedules'],
    });
  });

  test('the role of schedules made by API starts runs, and no sweep', () => {
    expect(grantsOf(one, 'ApiSchedules/Role')).toEqual({
      '<Runs/Start/Function.Arn>': ['lambda:InvokeFunction'],
      '<Runs/DeadLetters.Arn>': ['sqs:SendMessage'],
    });
  });

  test('no function scans the table, and no action of a grant has a wildcard', () => {
    const actions = one
      .ofType('AWS::IAM::Policy')
      .map(([path]) => path.replace(/\/DefaultPolicy$/, ''))
      .flatMap((role) => Object.values(grantsOf(one, role)).flat());
    expect(actions.length).toBeGreaterThan(50);
    expect(actions.filter((action) => /\*|:Scan$/.test(action))).toEqual([]);
  });
});

test('export keeps templates of its own source, if the engine writes archives by them', () => {
  const kept = synthesis(config({ export: { engine: 'larder' } }));
  expect(grantsOf(kept, 'Sources/main/Export/Role')).toMatchObject({
    [TEMPLATES]: ['s3:GetObject', 's3:PutObject'],
    [TEMPLATES_OFF]: ['s3:PutObject'],
    [BELOW_TEMPLATES]: ['s3:ListBucket'],
  });
});

test('of two sources, no function has a grant on the other’s queue, secret or functions', () => {
  const two = synthesis(
    config({
      sources: [
        source({ restore: restore({ from: ['archive'] }) }),
        otherSource({ restore: restore() }),
      ],
    }),
  );
  for (const [own, other] of [
    ['main', 'archive'],
    ['archive', 'main'],
  ]) {
    for (const name of ['Discover', 'Plan', 'Export', 'Restores/Restore']) {
      const resources = Object.keys(grantsOf(two, `Sources/${own}/${name}/Role`));
      expect(resources.filter((resource) => resource.includes(`/${own}`))).not.toEqual([]);
      expect(resources.filter((resource) => resource.includes(`/${other}`))).toEqual([]);
    }
  }
});

test('a source with IAM logs in as its one user on its one database, and reads no secret', () => {
  const { secretArn: _, ...withoutSecret } = source();
  const iam = { user: 'larder', resourceId: 'cluster-ABCDEF' };
  const grants = grantsOf(
    synthesis(config({ sources: [{ ...withoutSecret, iam }] })),
    'Sources/main/Export/Role',
  );
  const user =
    'arn:<AWS::Partition>:rds-db:<AWS::Region>:<AWS::AccountId>:dbuser:cluster-ABCDEF/larder';
  expect(grants[user]).toEqual(['rds-db:connect']);
  expect(Object.values(grants).flat()).not.toContain('secretsmanager:GetSecretValue');
});

test('a secret with its own key is decrypted through Secrets Manager only', () => {
  const secretKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/0123-abcd';
  const grants = grantsOf(
    synthesis(config({ sources: [source({ secretKeyArn })] })),
    'Sources/main/Plan/Role',
  );
  const via = 'secretsmanager.<AWS::Region>.<AWS::URLSuffix>';
  expect(grants[`${secretKeyArn} if {"StringEquals":{"kms:ViaService":"${via}"}}`]).toEqual([
    'kms:Decrypt',
  ]);
});

test('a restore logs in only as the restore role, by IAM or with a secret and key of its own', () => {
  const secretKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/0123-abcd';
  const { secretArn: _, ...byIam } = restore({
    iam: { user: 'larder_restore', resourceId: 'db-ABC' },
  });
  const two = synthesis(
    config({
      sources: [
        source({ restore: byIam }),
        otherSource({ secretKeyArn, restore: restore({ secretKeyArn: `${secretKeyArn}-2` }) }),
      ],
    }),
  );
  const grants = grantsOf(two, 'Sources/main/Restores/Restore/Role');
  expect(Object.values(grants).flat()).not.toContain('secretsmanager:GetSecretValue');
  expect(Object.entries(grants).filter(([, [action]]) => action === 'rds-db:connect')).toEqual([
    [
      'arn:<AWS::Partition>:rds-db:<AWS::Region>:<AWS::AccountId>:dbuser:db-ABC/larder_restore',
      ['rds-db:connect'],
    ],
  ]);
  const keys = Object.keys(grantsOf(two, 'Sources/archive/Restores/Restore/Role'));
  expect(keys.filter((resource) => resource.startsWith(secretKeyArn))).toEqual([
    expect.stringMatching(/-abcd-2 if .*secretsmanager/),
  ]);
});
