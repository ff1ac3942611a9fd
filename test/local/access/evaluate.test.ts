import { expect, it } from 'vitest';
import { decide } from '../../../local/access/evaluate.ts';
import { readPolicy, type Statement } from '../../../local/access/statements.ts';

const ROLE = 'arn:aws:iam::000000000000:role/Work';
const SESSION = 'arn:aws:sts::000000000000:assumed-role/Work/Tried';
const ROOT = 'arn:aws:iam::000000000000:root';
const OBJECT = 'arn:aws:s3:::vault/backups/acme/a:b.dump';

type Written = Readonly<Record<string, unknown>>;

const policy = (...statements: readonly Written[]): readonly Statement[] =>
  readPolicy('a test', { Version: '2012-10-17', Statement: statements });
const allow = (more: Written = {}): Written => ({
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: '*',
  ...more,
});
const deny = (more: Written = {}): Written => ({ ...allow(more), Effect: 'Deny' });

interface Given {
  readonly identity?: readonly Written[];
  readonly resource?: readonly Written[];
  readonly delegation?: boolean;
  readonly service?: string;
  readonly action?: string;
  readonly arn?: string;
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

const outcome = (given: Given): string => {
  const { identity = [], resource = [], action = 's3:GetObject', arn = OBJECT } = given;
  const caller = {
    arns: given.service === undefined ? [ROLE, SESSION] : [],
    account: '000000000000',
    ...(given.service !== undefined && { service: given.service }),
  };
  const context = new Map(
    Object.entries(given.context ?? {}).map(([key, values]) => [key.toLowerCase(), values]),
  );
  const decision = decide(
    caller,
    { action, resource: arn, context },
    {
      identity: policy(...identity),
      resource: policy(...resource),
      ...(given.delegation && { needs: 'delegation' }),
    },
  );
  return decision.allowed ? 'allowed' : `${decision.reason} (${decision.policy})`;
};

it.each<[string, Given, string]>([
  ['nothing', {}, 'no-allow (identity)'],
  ['a policy of the role', { identity: [allow()] }, 'allowed'],
  ['a denial beside it', { identity: [allow(), deny()] }, 'explicit-deny (identity)'],
  ['another action', { identity: [allow({ Action: 's3:Get' })] }, 'no-allow (identity)'],
  [
    'a pattern of actions, in other letters',
    { identity: [allow({ Action: 'S3:getO*' })] },
    'allowed',
  ],
  [
    'all actions but one',
    { identity: [allow({ Action: undefined, NotAction: 's3:GetObject' })] },
    'no-allow (identity)',
  ],
  [
    'all actions but another',
    { identity: [allow({ Action: undefined, NotAction: 's3:Put*' })] },
    'allowed',
  ],
  [
    'all resources but this',
    { identity: [allow({ Resource: undefined, NotResource: 'arn:aws:s3:::vault/*' })] },
    'no-allow (identity)',
  ],
  ['a prefix', { identity: [allow({ Resource: 'arn:aws:s3:::vault/backups/*' })] }, 'allowed'],
  [
    'one character',
    { identity: [allow({ Resource: 'arn:aws:s3:::vault/backups/acme/a?b.dump' })] },
    'allowed',
  ],
  [
    'the bucket alone',
    { identity: [allow({ Resource: 'arn:aws:s3:::vault' })] },
    'no-allow (identity)',
  ],
  [
    'a wildcard in another segment',
    { identity: [allow({ Resource: 'arn:aws:*:vault/backups/acme/a' })] },
    'no-allow (identity)',
  ],
  [
    'other letters',
    { identity: [allow({ Resource: 'arn:aws:s3:::VAULT/*' })] },
    'no-allow (identity)',
  ],
  ['the resource, to everybody', { resource: [allow({ Principal: '*' })] }, 'allowed'],
  ['the resource, to the role', { resource: [allow({ Principal: { AWS: ROLE } })] }, 'allowed'],
  [
    'the resource, to the session',
    { resource: [allow({ Principal: { AWS: SESSION } })] },
    'allowed',
  ],
  [
    'the resource, to another role',
    { resource: [allow({ Principal: { AWS: `${ROLE}2` } })] },
    'no-allow (identity)',
  ],
  // Its identities still need a policy of their own.
  [
    'the resource, to the account',
    { resource: [allow({ Principal: { AWS: ROOT } })] },
    'no-allow (identity)',
  ],
  [
    'a denial of the resource, to the account',
    { identity: [allow()], resource: [deny({ Principal: { AWS: '000000000000' } })] },
    'explicit-deny (resource)',
  ],
  [
    'a denial of the resource, to another role',
    { identity: [allow()], resource: [deny({ Principal: { AWS: `${ROLE}2` } })] },
    'allowed',
  ],
  [
    'a key whose policy names the account',
    { identity: [allow()], resource: [allow({ Principal: { AWS: ROOT } })], delegation: true },
    'allowed',
  ],
  [
    'a key whose policy does not',
    { identity: [allow()], resource: [], delegation: true },
    'no-allow (resource)',
  ],
  [
    'a service',
    {
      service: 's.amazonaws.com',
      resource: [allow({ Principal: { Service: 's.amazonaws.com' } })],
    },
    'allowed',
  ],
  [
    'another service',
    {
      service: 't.amazonaws.com',
      resource: [allow({ Principal: { Service: 's.amazonaws.com' } })],
    },
    'no-allow (resource)',
  ],
])('what is allowed by %s', (_, given, expected) => {
  const clean = (statements: readonly Written[] | undefined): readonly Written[] =>
    (statements ?? []).map((one) => JSON.parse(JSON.stringify(one)) as Written);
  const { identity, resource } = given;
  expect(outcome({ ...given, identity: clean(identity), resource: clean(resource) })).toBe(
    expected,
  );
});

const HAS = { 's3:prefix': ['backups/acme/'] };
const LEADING = { 'dynamodb:LeadingKeys': ['PROJECT#a', 'PROJECT#b'] };

it.each<[object, Readonly<Record<string, readonly string[]>>, boolean]>([
  [{ StringEquals: { 's3:prefix': 'backups/acme/' } }, HAS, true],
  [{ StringEquals: { 'S3:PREFIX': ['x', 'backups/acme/'] } }, HAS, true],
  [{ StringEquals: { 's3:prefix': 'backups/acme/' } }, {}, false],
  [{ StringEqualsIfExists: { 's3:prefix': 'other' } }, {}, true],
  [{ StringEqualsIfExists: { 's3:prefix': 'other' } }, HAS, false],
  [{ StringEqualsIgnoreCase: { 's3:prefix': 'BACKUPS/acme/' } }, HAS, true],
  [{ StringNotEquals: { 's3:prefix': 'other' } }, HAS, true],
  [{ StringNotEquals: { 's3:prefix': 'other' } }, {}, true],
  [{ StringNotEquals: { 's3:prefix': ['other', 'backups/acme/'] } }, HAS, false],
  [{ StringLike: { 's3:prefix': 'backups/*' } }, HAS, true],
  [{ StringLike: { 's3:prefix': 'backups/?' } }, HAS, false],
  [{ StringNotLike: { 's3:prefix': 'backups/*' } }, HAS, false],
  [{ Null: { 's3:prefix': 'true' } }, {}, true],
  [{ Null: { 's3:prefix': true } }, HAS, false],
  [{ Null: { 's3:prefix': 'false' } }, HAS, true],
  [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:SecureTransport': ['false'] }, true],
  [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:SecureTransport': ['true'] }, false],
  [{ NumericLessThan: { 's3:TlsVersion': 1.2 } }, { 's3:TlsVersion': ['1.1'] }, true],
  [{ NumericLessThan: { 's3:TlsVersion': 1.2 } }, { 's3:TlsVersion': ['1.3'] }, false],
  [{ NumericNotEquals: { 's3:max-keys': 5 } }, { 's3:max-keys': ['5'] }, false],
  [
    { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
    { 'aws:CurrentTime': ['2026-11-30T00:00:00Z'] },
    true,
  ],
  [
    { ArnLike: { 'aws:SourceArn': 'arn:aws:sqs:*:*:jobs*' } },
    { 'aws:SourceArn': ['arn:aws:sqs:us-east-1:0:jobs.fifo'] },
    true,
  ],
  [
    { ArnNotLike: { 'aws:SourceArn': 'arn:aws:sqs:*:*:jobs*' } },
    { 'aws:SourceArn': ['arn:aws:sqs:us-east-1:0:jobs.fifo'] },
    false,
  ],
  [{ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'PROJECT#*' } }, LEADING, true],
  [{ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'PROJECT#a' } }, LEADING, false],
  // Of no values all match: a policy that wants more adds a Null.
  [{ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': 'PROJECT#a' } }, {}, true],
  [{ 'ForAnyValue:StringEquals': { 'dynamodb:LeadingKeys': 'PROJECT#a' } }, LEADING, true],
  [{ 'ForAnyValue:StringEquals': { 'dynamodb:LeadingKeys': 'PROJECT#a' } }, {}, false],
  [{ 'ForAnyValue:StringNotEquals': { 'dynamodb:LeadingKeys': 'PROJECT#a' } }, LEADING, true],
  [{ 'ForAllValues:StringNotEquals': { 'dynamodb:LeadingKeys': 'PROJECT#a' } }, LEADING, false],
  [{ StringLike: { 's3:prefix': `a\${*}b\${?}*` } }, { 's3:prefix': ['a*b?c'] }, true],
  [{ StringLike: { 's3:prefix': `a\${*}b\${?}*` } }, { 's3:prefix': ['axb?c'] }, false],
  [{ StringEquals: { 's3:prefix': `\${$}a` } }, { 's3:prefix': ['$a'] }, true],
  // All conditions of a statement must hold.
  [{ StringLike: { 's3:prefix': '*' }, Null: { 's3:delimiter': false } }, HAS, false],
])('the condition %j with %j holds: %s', (Condition, context, expected) => {
  const allowed = outcome({ identity: [allow({ Condition })], context }) === 'allowed';
  expect(allowed).toBe(expected);
});

it.each<[string, Written]>([
  ['an operator', { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }],
  ['a variable', { Resource: `arn:aws:s3:::vault/\${aws:username}/*` }],
  ['an element', { NotPrincipal: { AWS: ROLE } }],
])('%s that is not evaluated is an error, and never a match', (_, more) => {
  expect(() => policy(allow(more))).toThrow();
});
