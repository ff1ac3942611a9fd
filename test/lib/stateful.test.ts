import { expect, test } from 'vitest';
import { DAY_PROJECTION, STATUS_PROJECTION, TABLE } from '../../core/contract.ts';
import { config, otherSource, restore, source, vpc } from './support/config.ts';
import { synthesis, within } from './support/stack.ts';

const one = synthesis(config());

/** Logical ids in stacks that were deployed before each source had a nested stack. */
const IDS = [
  'VaultBucket0925C477',
  'VaultKeyCB88EF1A',
  'ManifestsKey41196CBA',
  'HistoryTable4479EEA3',
  'OutcomesMessagesQueueD7A44AE7',
  'VerificationsRequestsQueueDB1004B7',
  'AlarmsTopic3A2DFEBA',
  'ApiCD79AAA0',
  'SourcesmainEndpointss3985DB3B6',
  'SourcesmainEndpointsdynamodbC5CD798B',
  'SourcesmainEndpointssqs6AD9CF87',
  'SourcesmainEndpointssecretsmanager538767AA',
  'SourcesmainEndpointskms02B1D1EF',
  'SourcesmainEndpointsSecurityGroup0A36A96A',
];

test.each(['Vault/Bucket', 'Vault/Key', 'Manifests/Key', 'History/Table'])(
  '%s stays when the stack is deleted',
  (path) => {
    expect(one.at(path)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  },
);

test('resources that must survive an upgrade, or cannot exist twice, stay in the outer stack', () => {
  const made = synthesis(
    config({
      sources: [source({ vpc: { ...vpc, endpoints: true } })],
      alarms: { email: 'operations@example.com' },
    }),
  );
  const ids = new Map(Object.entries(made.resources).map(([id, resource]) => [resource, id]));
  // With another logical id, CloudFormation creates a new resource and removes or leaves the old one.
  expect(
    [
      'Vault/Bucket',
      'Vault/Key',
      'Manifests/Key',
      'History/Table',
      'Outcomes/Messages/Queue',
      'Verifications/Requests/Queue',
      'Alarms/Topic',
      'Api/Api',
      ...['s3', 'dynamodb', 'sqs', 'secretsmanager', 'kms', 'SecurityGroup'].map(
        (name) => `Sources/main/Endpoints/${name}`,
      ),
    ].map((at) => ids.get(made.at(at))),
  ).toEqual(IDS);
});

test('the vault is encrypted with its own rotating key, versioned and not public', () => {
  const { Properties } = one.at('Vault/Bucket');
  expect(Properties).toMatchObject({
    VersioningConfiguration: { Status: 'Enabled' },
    OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
      ],
    },
  });
  const rule = within(Properties, 'BucketEncryption', 'ServerSideEncryptionConfiguration', 0);
  expect(one.text(within(rule, 'ServerSideEncryptionByDefault', 'KMSMasterKeyID'))).toBe(
    '<Vault/Key.Arn>',
  );
  expect(one.at('Vault/Key').Properties.EnableKeyRotation).toBe(true);
});

test('manifests are signed by a key that can only generate and verify MACs', () => {
  expect(one.at('Manifests/Key').Properties).toMatchObject({
    KeySpec: 'HMAC_256',
    KeyUsage: 'GENERATE_VERIFY_MAC',
  });
});

test('the vault aborts unfinished uploads after a day, removes old templates, and never expires a current backup', () => {
  const rules = within(one.at('Vault/Bucket').Properties, 'LifecycleConfiguration', 'Rules');
  expect(rules).toEqual([
    {
      Id: 'unfinished-uploads',
      Status: 'Enabled',
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
    {
      Id: 'deleted-by-hand',
      Status: 'Enabled',
      NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      ExpiredObjectDeleteMarker: true,
    },
    {
      Id: 'old-templates',
      Status: 'Enabled',
      Prefix: 'templates/',
      ExpirationInDays: 8,
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
    },
  ]);
});

test('the vault and every queue refuse requests without TLS', () => {
  const policies = [...one.ofType('AWS::S3::BucketPolicy'), ...one.ofType('AWS::SQS::QueuePolicy')];
  const queues = one.ofType('AWS::SQS::Queue');
  expect(policies).toHaveLength(queues.length + 1);
  for (const [path, { Properties }] of policies) {
    expect(JSON.stringify(Properties.PolicyDocument), path).toContain(
      '"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"',
    );
  }
});

test('the history is on demand, encrypted, has point-in-time recovery and can’t be deleted by mistake', () => {
  expect(one.at('History/Table').Properties).toMatchObject({
    BillingMode: 'PAY_PER_REQUEST',
    SSESpecification: { SSEEnabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: true,
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
    StreamSpecification: { StreamViewType: 'OLD_IMAGE' },
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
});

test('the indexes are those of the contract, within DynamoDB’s limits', () => {
  const indexOf = (
    { name, pk, sk }: { readonly name: string; readonly pk: string; readonly sk: string },
    attributes: readonly string[],
  ) => ({
    IndexName: name,
    KeySchema: [
      { AttributeName: pk, KeyType: 'HASH' },
      { AttributeName: sk, KeyType: 'RANGE' },
    ],
    Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...attributes] },
  });
  expect(one.at('History/Table').Properties.GlobalSecondaryIndexes).toEqual([
    indexOf(TABLE.statusIndex, STATUS_PROJECTION),
    indexOf(TABLE.dayIndex, DAY_PROJECTION),
  ]);
  for (const attributes of [STATUS_PROJECTION, DAY_PROJECTION]) {
    expect(attributes.length).toBeLessThanOrEqual(20);
    // What a heartbeat writes: in an index it would cost index writes.
    expect(attributes).not.toContain('progress');
    expect(attributes).not.toContain('leaseUntil');
  }
});

test('no resource has a physical name that CloudFormation could generate', () => {
  const two = synthesis(config({ sources: [source(), otherSource()] }));
  const named = Object.entries(two.resources).flatMap(([id, { Type, Properties }]) =>
    [
      'BucketName',
      'TableName',
      'QueueName',
      'FunctionName',
      'RoleName',
      'TopicName',
      'LogGroupName',
      'AlarmName',
    ]
      .filter((name) => typeof Properties[name] === 'string')
      .map((name) => `${Type} ${id}: ${name}`),
  );
  expect(named).toEqual([]);
  for (const type of ['AWS::Scheduler::Schedule', 'AWS::Scheduler::ScheduleGroup']) {
    for (const [path, { Properties }] of two.ofType(type)) {
      expect(Properties, path).not.toHaveProperty('Name');
    }
  }
});

test('outputs name every place, and a queue for each source', () => {
  const two = synthesis(
    config({
      sources: [source(), otherSource({ name: 'old-archive', restore: restore() })],
      alarms: { email: 'operations@example.com' },
    }),
  );
  expect(Object.keys(two.outputs).sort()).toEqual([
    'AlarmsTopic',
    'ApiUrl',
    'DiscoverFunctionMain',
    'DiscoverFunctionOldArchive',
    'ExportsQueueMain',
    'ExportsQueueOldArchive',
    'HistoryTable',
    'ManifestKeys',
    'OutcomesQueue',
    'RestoresQueueOldArchive',
    'VaultBucket',
    'VerificationsQueue',
  ]);
  expect(two.text(two.outputs.VaultBucket?.Value)).toBe('<Vault/Bucket>');
  expect(two.text(two.outputs.ManifestKeys?.Value)).toBe('<Manifests/Key>');
  expect(two.text(two.outputs.DiscoverFunctionMain?.Value)).toBe(
    '<Sources/main/Discover/Function>',
  );
  expect(two.text(two.outputs.ExportsQueueOldArchive?.Value)).toBe(
    '<Sources/old-archive/Exports/Queue>',
  );
});
