import { ACCOUNT, PARTITION, REGION } from '../region.ts';
import { type Document, NotEmulated } from './document.ts';

/**
 * CloudFormation's intrinsic functions, resolved to the identifiers that the emulators use. Only requested values
 * are resolved; a value that can't be resolved is an error. Names are logical ids: they are the same at every start,
 * so the tables, queues and buckets of an earlier start are found again.
 */
export type Resolver = (value: unknown, where: string) => unknown;

export interface Addresses {
  /** The address of the queues' emulator, such as `http://127.0.0.1:4100`. */
  readonly queues: string;
}

const arn = (service: string, resource: string): string =>
  `arn:${PARTITION}:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** Physical names. S3 allows lower case only. */
export const nameOf = (document: Document, id: string): string => {
  const resource = document.resources.get(id);
  const fifo = resource?.Properties.FifoQueue === true;
  switch (resource?.Type) {
    case 'AWS::S3::Bucket':
      return `${document.stackName}-${id}`
        .toLowerCase()
        .replace(/[^a-z0-9-]/g, '')
        .slice(0, 63);
    case 'AWS::SQS::Queue':
      return `${id.slice(0, 75)}${fifo ? '.fifo' : ''}`;
    case 'AWS::Lambda::Function':
      return id.slice(0, 64);
    default:
      return id;
  }
};

const refOf = (document: Document, addresses: Addresses, id: string, where: string): unknown => {
  const name = nameOf(document, id);
  switch (document.resources.get(id)?.Type) {
    case undefined:
      throw new NotEmulated(where, `there is no ${id} to refer to`);
    case 'AWS::SQS::Queue':
      return `${addresses.queues}/${ACCOUNT}/${name}`;
    case 'AWS::Lambda::LayerVersion':
      return arn('lambda', `layer:${name}:1`);
    default:
      return name;
  }
};

const ARNS: Readonly<Record<string, (name: string) => string>> = {
  'AWS::SQS::Queue': (name) => arn('sqs', name),
  'AWS::DynamoDB::Table': (name) => arn('dynamodb', `table/${name}`),
  'AWS::DynamoDB::GlobalTable': (name) => arn('dynamodb', `table/${name}`),
  'AWS::Lambda::Function': (name) => arn('lambda', `function:${name}`),
  'AWS::S3::Bucket': (name) => `arn:${PARTITION}:s3:::${name}`,
  'AWS::KMS::Key': (name) => arn('kms', `key/${name}`),
  'AWS::IAM::Role': (name) => `arn:${PARTITION}:iam::${ACCOUNT}:role/${name}`,
  'AWS::Logs::LogGroup': (name) => arn('logs', `log-group:${name}:*`),
  'AWS::Scheduler::ScheduleGroup': (name) => arn('scheduler', `schedule-group/${name}`),
  'AWS::SNS::Topic': (name) => arn('sns', name),
};

const attributeOf = (document: Document, id: string, attribute: string, where: string): unknown => {
  const type = document.resources.get(id)?.Type ?? '(missing)';
  const name = nameOf(document, id);
  if (attribute === 'Arn' && ARNS[type]) return ARNS[type](name);
  if (attribute === 'StreamArn') return `${arn('dynamodb', `table/${name}`)}/stream/local`;
  if (attribute === 'QueueName') return name;
  if (attribute === 'RootResourceId') return `${id}/`;
  if (attribute === 'RegionalDomainName' || attribute === 'DomainName') return `${name}.s3.local`;
  throw new NotEmulated(where, `nothing is known of ${id}.${attribute} (${type})`);
};

type Parts = readonly unknown[];

export const makeResolver = (document: Document, addresses: Addresses): Resolver => {
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::NoValue': undefined,
    'AWS::Partition': PARTITION,
    'AWS::Region': REGION,
    'AWS::StackId': arn('cloudformation', `stack/${document.stackName}/local`),
    'AWS::StackName': document.stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const ref = (id: string, where: string): unknown => {
    if (id in pseudo) return pseudo[id];
    if (document.parameters.has(id)) return document.parameters.get(id);
    return refOf(document, addresses, id, where);
  };
  const getAtt = (target: unknown, where: string): unknown => {
    const [id = '', attribute = ''] =
      typeof target === 'string' ? target.split(/\.(.*)/s) : (target as string[]);
    return attributeOf(document, id, attribute, where);
  };
  const substitute = (target: unknown, where: string): string => {
    const [text, own] = (typeof target === 'string' ? [target, {}] : target) as [
      string,
      Readonly<Record<string, unknown>>,
    ];
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in own) return String(resolve(own[name], where));
      return String(name.includes('.') ? getAtt(name, where) : ref(name, where));
    });
  };
  const intrinsics: Readonly<Record<string, (argument: unknown, where: string) => unknown>> = {
    Ref: (id, where) => ref(String(id), where),
    'Fn::GetAtt': getAtt,
    'Fn::Sub': substitute,
    'Fn::Join': (argument, where) => {
      const [separator, list] = argument as [string, unknown];
      return (resolve(list, where) as Parts).map(String).join(separator);
    },
    'Fn::Select': (argument, where) => {
      const [index, list] = argument as [unknown, unknown];
      return (resolve(list, where) as Parts)[Number(index)];
    },
    'Fn::Split': (argument, where) => {
      const [separator, text] = argument as [string, unknown];
      return String(resolve(text, where)).split(separator);
    },
    'Fn::GetAZs': () => [`${REGION}a`, `${REGION}b`],
  };
  const resolve: Resolver = (value, where) => {
    if (Array.isArray(value)) {
      return value.map((one) => resolve(one, where)).filter((one) => one !== undefined);
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [name = '', argument] = entries.length === 1 ? (entries[0] ?? []) : [];
    const intrinsic = intrinsics[name];
    if (intrinsic) return intrinsic(argument, where);
    if (name.startsWith('Fn::')) throw new NotEmulated(where, `${name} is not resolved`);
    return Object.fromEntries(
      entries
        .map(([key, one]) => [key, resolve(one, where)] as const)
        .filter(([, one]) => one !== undefined),
    );
  };
  return resolve;
};
