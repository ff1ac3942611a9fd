import { describe, expect, test } from 'vitest';
import { config, otherSource, restore, source, vpc } from './support/config.ts';
import { grantsOf } from './support/grants.ts';
import { synthesis, within } from './support/stack.ts';

const inside = synthesis(
  config({
    sources: [
      source({ vpc: { ...vpc, endpoints: true }, restore: restore() }),
      otherSource({ restore: restore() }),
    ],
  }),
);

test('the functions of a source with a network are in it, and no others', () => {
  const placed = inside
    .ofType('AWS::Lambda::Function')
    .filter(([, { Properties }]) => Properties.VpcConfig);
  expect(placed.map(([path]) => path).sort()).toEqual([
    'Sources/main/Discover/Function',
    'Sources/main/Export/Function',
    'Sources/main/Plan/Function',
    'Sources/main/Restores/Restore/Function',
  ]);
  for (const [path, { Properties }] of placed) {
    expect(Properties.VpcConfig, path).toEqual({
      SubnetIds: vpc.subnetIds,
      SecurityGroupIds: vpc.securityGroupIds,
    });
  }
});

test('they use IPv6 if the configuration says that their subnets have it', () => {
  const dual = synthesis(config({ sources: [source({ vpc: { ...vpc, ipv6: true } })] }));
  for (const name of ['Discover', 'Plan', 'Export']) {
    const { Properties } = dual.at(`Sources/main/${name}/Function`);
    expect(Properties.VpcConfig, name).toMatchObject({ Ipv6AllowedForDualStack: true });
  }
});

test('only they may have network interfaces', () => {
  expect(grantsOf(inside, 'Sources/main/Export/Role')['*']).toContain('ec2:CreateNetworkInterface');
  expect(grantsOf(inside, 'Sources/archive/Export/Role')).not.toHaveProperty('*');
});

test('their roles, and no others, have the tag by which endpoint policies recognize them', () => {
  const tagged = inside
    .ofType('AWS::IAM::Role')
    .filter(([, { Properties }]) => Properties.Tags)
    .map(([path, { Properties }]) => [path, Properties.Tags]);
  const tags = [{ Key: 'larder:stack', Value: 'Larder' }];
  expect(tagged).toEqual(
    ['Discover', 'Plan', 'Export', 'Restores/Restore'].map((name) => [
      `Sources/main/${name}/Role`,
      tags,
    ]),
  );
});

describe('endpoints', () => {
  const endpoints = inside.ofType('AWS::EC2::VPCEndpoint');
  const at = (service: string) => inside.at(`Sources/main/Endpoints/${service}`).Properties;

  test('are those that the functions need', () => {
    expect(endpoints.map(([path]) => path).sort()).toEqual([
      'Sources/main/Endpoints/dynamodb',
      'Sources/main/Endpoints/kms',
      'Sources/main/Endpoints/s3',
      'Sources/main/Endpoints/secretsmanager',
      'Sources/main/Endpoints/sqs',
    ]);
    expect(at('s3')).toMatchObject({
      VpcEndpointType: 'Gateway',
      RouteTableIds: vpc.routeTableIds,
      VpcId: vpc.vpcId,
    });
    expect(inside.text(at('sqs').ServiceName)).toBe('com.amazonaws.<AWS::Region>.sqs');
    expect(at('sqs')).toMatchObject({
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      SubnetIds: vpc.subnetIds,
    });
  });

  test('are in subnets of their own if these are given: EC2 allows one of each zone', () => {
    const apart = synthesis(
      config({
        sources: [
          source({ vpc: { ...vpc, endpoints: true, endpointSubnetIds: [vpc.subnetIds[0] ?? ''] } }),
        ],
      }),
    );
    const { Properties } = apart.at('Sources/main/Endpoints/sqs');
    expect(Properties.SubnetIds).toEqual([vpc.subnetIds[0]]);
    expect(within(apart.at('Sources/main/Export/Function').Properties, 'VpcConfig')).toMatchObject({
      SubnetIds: vpc.subnetIds,
    });
  });

  test('accept TLS from inside and nothing else', () => {
    const { Properties } = inside.at('Sources/main/Endpoints/SecurityGroup');
    const rules = within(Properties, 'SecurityGroupIngress');
    expect(rules).toHaveLength(4);
    for (const rule of Array.isArray(rules) ? rules : []) {
      expect(rule).toMatchObject({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 });
      expect(rule.CidrIp).toMatch(/^(10|172|192|100)\./);
    }
  });

  test('limit Larder’s functions to Larder’s resources, and do not affect other callers', () => {
    const statements = (service: string) =>
      [0, 1].map((index) => within(at(service), 'PolicyDocument', 'Statement', index));
    const resourcesOf = (service: string) => {
      const resources = within(statements(service)[0], 'Resource');
      return (Array.isArray(resources) ? resources : [resources]).map(inside.text);
    };
    expect(resourcesOf('s3')).toEqual(['<Vault/Bucket.Arn>', '<Vault/Bucket.Arn>/backups/*']);
    expect(resourcesOf('dynamodb')).toEqual(['<History/Table.Arn>', '<History/Table.Arn>/index/*']);
    expect(resourcesOf('sqs')).toEqual([
      '<Outcomes/Messages/Queue.Arn>',
      '<Sources/main/Exports/Queue.Arn>',
      '<Sources/main/Restores/Requests/Queue.Arn>',
      '<Verifications/Requests/Queue.Arn>',
    ]);
    expect(resourcesOf('secretsmanager')).toEqual([source().secretArn, restore().secretArn]);
    expect(resourcesOf('kms')).toEqual(['<Manifests/Key.Arn>']);
    for (const service of ['s3', 'dynamodb', 'sqs', 'secretsmanager', 'kms']) {
      const [ours, others] = statements(service);
      const tagged = { 'aws:PrincipalTag/larder:stack': 'Larder' };
      expect(within(ours, 'Condition'), service).toEqual({ StringEquals: tagged });
      expect(within(others, 'Condition'), service).toEqual({ StringNotEquals: tagged });
      expect(within(others, 'Resource'), service).toBe('*');
    }
  });

  test('serve every source of their VPC', () => {
    const shared = synthesis(
      config({
        sources: [
          source({ vpc: { ...vpc, endpoints: true } }),
          otherSource({ vpc, restore: restore() }),
        ],
      }),
    );
    expect(shared.ofType('AWS::EC2::VPCEndpoint')).toHaveLength(5);
    const { Properties } = shared.at('Sources/main/Endpoints/secretsmanager');
    const secrets = within(Properties, 'PolicyDocument', 'Statement', 0, 'Resource');
    expect(new Set(Array.isArray(secrets) ? secrets : [])).toEqual(
      new Set([source().secretArn, otherSource().secretArn, restore().secretArn]),
    );
  });

  test('of Secrets Manager are not created if every login is by IAM, because nothing would use them', () => {
    const { secretArn: _, ...rest } = source({ vpc: { ...vpc, endpoints: true } });
    const iam = { user: 'larder', resourceId: 'cluster-ABCDEF' };
    const made = synthesis(config({ sources: [{ ...rest, iam }] })).ofType('AWS::EC2::VPCEndpoint');
    expect(made.map(([path]) => path).sort()).toEqual([
      'Sources/main/Endpoints/dynamodb',
      'Sources/main/Endpoints/kms',
      'Sources/main/Endpoints/s3',
      'Sources/main/Endpoints/sqs',
    ]);
    for (const [path, { Properties }] of made)
      expect(within(Properties, 'PolicyDocument', 'Statement', 0, 'Resource'), path).toBeDefined();
  });

  test('are created one by one if the VPC has the others', () => {
    const { routeTableIds: _, ...rest } = vpc;
    const some = synthesis(
      config({ sources: [source({ vpc: { ...rest, endpoints: ['secretsmanager'] } })] }),
    );
    expect(some.ofType('AWS::EC2::VPCEndpoint').map(([path]) => path)).toEqual([
      'Sources/main/Endpoints/secretsmanager',
    ]);
  });
});
