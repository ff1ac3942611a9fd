import { ACCOUNT, PARTITION, REGION } from '../region.ts';
import { NotEmulated, ofType } from '../template/document.ts';
import type { Reading } from '../template/properties.ts';
import type { Resource } from '../template/resource.ts';
import { PolicyNotUnderstood, readPolicy, type Statement } from './statements.ts';

/** A role of the template, with its own policies. */
export interface Role {
  readonly id: string;
  readonly arn: string;
  readonly trust: readonly Statement[];
  readonly statements: readonly Statement[];
}

/** All permissions in the template. */
export interface TemplatePolicies {
  /** By ARN. */
  readonly roles: ReadonlyMap<string, Role>;
  /** ARNs of roles, by the name of the function or the id of the schedule that uses them. */
  readonly roleOfFunction: ReadonlyMap<string, string>;
  readonly roleOfSchedule: ReadonlyMap<string, { readonly role: string; readonly group: string }>;
  /** By the ARN of the resource; a bucket's policy also covers its objects. */
  readonly ofResources: ReadonlyMap<string, readonly Statement[]>;
  /** ARNs of the keys that encrypt buckets by default, by bucket name. */
  readonly keyOfBucket: ReadonlyMap<string, string>;
  /** ARN of the stage of the API, without method and path. */
  readonly apiArn: string | undefined;
}

type Properties = Readonly<Record<string, unknown>>;

/** The local stack can't run a template with a policy that it can't evaluate. */
const understood = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (error instanceof PolicyNotUnderstood) throw new NotEmulated('IAM', error.message);
    throw error;
  }
};

const statementsOf = ({ resolve }: Reading, where: string, policy: unknown): readonly Statement[] =>
  understood(() => readPolicy(where, resolve(policy, where)));

const arnOf = ({ resolve }: Reading, id: string): string =>
  String(resolve({ 'Fn::GetAtt': [id, 'Arn'] }, id));

const textOf = ({ resolve }: Reading, id: string, value: unknown): string =>
  String(resolve(value, id));

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** The statements of roles, by the role's name: inline ones, and those of policies that name the role. */
const policiesOfRoles = (reading: Reading): ReadonlyMap<string, readonly Statement[]> => {
  const found = new Map<string, readonly Statement[]>();
  const add = (role: string, statements: readonly Statement[]): void => {
    found.set(role, [...(found.get(role) ?? []), ...statements]);
  };
  for (const type of ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy']) {
    for (const [id, { Properties }] of ofType(reading.document, type)) {
      const statements = statementsOf(reading, id, Properties.PolicyDocument);
      const roles = [...listOf(Properties.Roles), ...listOf(Properties.RoleName)];
      for (const role of roles) add(textOf(reading, id, role), statements);
    }
  }
  for (const [id, { Properties }] of ofType(reading.document, 'AWS::IAM::Role')) {
    for (const inline of listOf(Properties.Policies)) {
      const { PolicyDocument } = inline as Properties;
      add(textOf(reading, id, { Ref: id }), statementsOf(reading, id, PolicyDocument));
    }
  }
  return found;
};

/** An AWS managed policy or a permissions boundary is not supported: it would have to be evaluated as well. */
const refuseForeign = (id: string, { Properties }: Resource): void => {
  for (const name of ['ManagedPolicyArns', 'PermissionsBoundary'])
    if (listOf(Properties[name]).length > 0)
      throw new NotEmulated(id, `its ${name} are not evaluated`);
};

/** @param used ARNs of the roles that the local stack acts with: others are not read */
const readRoles = (reading: Reading, used: ReadonlySet<string>): ReadonlyMap<string, Role> => {
  const policies = policiesOfRoles(reading);
  const roles = new Map<string, Role>();
  for (const [id, resource] of ofType(reading.document, 'AWS::IAM::Role')) {
    const arn = arnOf(reading, id);
    if (!used.has(arn)) continue;
    refuseForeign(id, resource);
    const trust = resource.Properties.AssumeRolePolicyDocument;
    roles.set(arn, {
      id,
      arn,
      trust: trust === undefined ? [] : statementsOf(reading, id, trust),
      statements: policies.get(textOf(reading, id, { Ref: id })) ?? [],
    });
  }
  return roles;
};

/** A permission of a function, as the statement that Lambda creates from it. */
const statementOfPermission = (reading: Reading, id: string, properties: Properties): Statement => {
  const { Action, FunctionName, Principal, SourceArn, SourceAccount, ...others } = properties;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new NotEmulated(id, `nothing is known of its ${other}`);
  const text = (value: unknown): string => textOf(reading, id, value);
  const name = text(Principal);
  const [statement] = understood(() =>
    readPolicy(id, {
      Statement: {
        Effect: 'Allow',
        Principal: name.endsWith('.amazonaws.com') ? { Service: name } : { AWS: name },
        Action: text(Action),
        Resource: text(FunctionName),
        Condition: {
          ...(SourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': text(SourceArn) } }),
          ...(SourceAccount === undefined
            ? {}
            : { StringEquals: { 'aws:SourceAccount': text(SourceAccount) } }),
        },
      },
    }),
  );
  if (!statement) throw new NotEmulated(id, 'it allows nothing');
  return statement;
};

/** `http://127.0.0.1:4100/000000000000/Jobs.fifo`, the form in which a template refers to a queue. */
const queueArnOfUrl = (reading: Reading, url: string): string | undefined => {
  const name = url.split('/').at(-1);
  const found = ofType(reading.document, 'AWS::SQS::Queue')
    .map(([id]) => arnOf(reading, id))
    .find((arn) => arn.endsWith(`:${name}`));
  return found;
};

const readResourcePolicies = (reading: Reading): ReadonlyMap<string, readonly Statement[]> => {
  const found = new Map<string, readonly Statement[]>();
  const add = (arn: string, statements: readonly Statement[]): void => {
    found.set(arn, [...(found.get(arn) ?? []), ...statements]);
  };
  const each = (type: string, read: (id: string, properties: Properties) => void): void => {
    for (const [id, { Properties }] of ofType(reading.document, type)) read(id, Properties);
  };
  each('AWS::S3::BucketPolicy', (id, { Bucket, PolicyDocument }) => {
    const bucket = `arn:${PARTITION}:s3:::${textOf(reading, id, Bucket)}`;
    add(bucket, statementsOf(reading, id, PolicyDocument));
  });
  each('AWS::SQS::QueuePolicy', (id, { Queues, PolicyDocument }) => {
    for (const url of listOf(Queues)) {
      const arn = queueArnOfUrl(reading, textOf(reading, id, url));
      if (arn === undefined) throw new NotEmulated(id, 'it is about a queue of another stack');
      add(arn, statementsOf(reading, id, PolicyDocument));
    }
  });
  each('AWS::KMS::Key', (id, { KeyPolicy }) => {
    if (KeyPolicy !== undefined) add(arnOf(reading, id), statementsOf(reading, id, KeyPolicy));
  });
  for (const type of ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'])
    each(type, (id, { ResourcePolicy }) => {
      const policy = (ResourcePolicy as Properties | undefined)?.PolicyDocument;
      if (policy !== undefined) add(arnOf(reading, id), statementsOf(reading, id, policy));
    });
  each('AWS::Lambda::Permission', (id, properties) => {
    const statement = statementOfPermission(reading, id, properties);
    for (const arn of statement.resources?.patterns ?? []) add(arn, [statement]);
  });
  return found;
};

interface Encryption {
  readonly ServerSideEncryptionConfiguration?: readonly {
    readonly ServerSideEncryptionByDefault?: { readonly KMSMasterKeyID?: unknown };
  }[];
}

const readKeysOfBuckets = (reading: Reading): ReadonlyMap<string, string> =>
  new Map(
    ofType(reading.document, 'AWS::S3::Bucket').flatMap(([id, { Properties }]) => {
      const { ServerSideEncryptionConfiguration: rules = [] } = (Properties.BucketEncryption ??
        {}) as Encryption;
      const key = rules[0]?.ServerSideEncryptionByDefault?.KMSMasterKeyID;
      return key === undefined
        ? []
        : [[textOf(reading, id, { Ref: id }), textOf(reading, id, key)] as const];
    }),
  );

const readApiArn = (reading: Reading): string | undefined => {
  const [stage] = ofType(reading.document, 'AWS::ApiGateway::Stage');
  if (!stage) return undefined;
  const [id, { Properties }] = stage;
  const api = textOf(reading, id, Properties.RestApiId);
  const name = textOf(reading, id, { Ref: id });
  return `arn:${PARTITION}:execute-api:${REGION}:${ACCOUNT}:${api}/${name}`;
};

/** ARNs of the roles that EventBridge Scheduler may assume: schedules that the template does not have may use them. */
const rolesOfScheduler = (reading: Reading): readonly string[] =>
  ofType(reading.document, 'AWS::IAM::Role').flatMap(([id, { Properties }]) =>
    JSON.stringify(Properties.AssumeRolePolicyDocument ?? '').includes('"scheduler.amazonaws.com"')
      ? [arnOf(reading, id)]
      : [],
  );

/** @throws NotEmulated for a policy with an element that is not evaluated here */
export const readTemplatePolicies = (reading: Reading): TemplatePolicies => {
  const { document } = reading;
  const roleOfFunction = new Map(
    ofType(document, 'AWS::Lambda::Function').map(([id, { Properties }]) => [
      textOf(reading, id, { Ref: id }),
      textOf(reading, id, Properties.Role),
    ]),
  );
  const roleOfSchedule = new Map(
    ofType(document, 'AWS::Scheduler::Schedule').map(([id, { Properties }]) => {
      const { RoleArn } = Properties.Target as Properties;
      const group = textOf(reading, id, Properties.GroupName ?? 'default');
      return [id, { role: textOf(reading, id, RoleArn), group }] as const;
    }),
  );
  const used = new Set([
    ...roleOfFunction.values(),
    ...[...roleOfSchedule.values()].map(({ role }) => role),
    ...rolesOfScheduler(reading),
  ]);
  return {
    roles: readRoles(reading, used),
    roleOfFunction,
    roleOfSchedule,
    ofResources: readResourcePolicies(reading),
    keyOfBucket: readKeysOfBuckets(reading),
    apiArn: readApiArn(reading),
  };
};
