import { ACCOUNT, PARTITION, REGION } from '../region.ts';
import { NotEmulated } from '../template/document.ts';
import type { Given } from './condition-keys.ts';
import type { Caller } from './evaluate.ts';
import type { Statement } from './statements.ts';
import type { Role } from './template-policies.ts';

/** The caller: the session of a role, or a service of AWS. */
export interface Principal {
  readonly name: string;
  readonly caller: Caller;
  readonly statements: readonly Statement[];
  /** The resource on whose behalf the service acts, such as an API. */
  readonly sourceArn?: string;
}

export const serviceOf = (service: string, sourceArn: string): Principal => ({
  name: service,
  caller: { arns: [], account: ACCOUNT, service },
  statements: [],
  sourceArn,
});

export const sessionOf = ({ id, arn, statements }: Role, name: string): Principal => {
  const session = `arn:${PARTITION}:sts::${ACCOUNT}:assumed-role/${id}/${name}`;
  return { name, caller: { arns: [arn, session], account: ACCOUNT }, statements };
};

/** Keys of every request that the evaluation supports. A policy with another `aws:` key can't be evaluated. */
const GLOBAL_KEYS = new Set(
  [
    'aws:CurrentTime',
    'aws:PrincipalAccount',
    'aws:PrincipalArn',
    'aws:PrincipalIsAWSService',
    'aws:PrincipalServiceName',
    'aws:PrincipalType',
    'aws:RequestedRegion',
    'aws:ResourceAccount',
    'aws:SecureTransport',
    'aws:SourceAccount',
    'aws:SourceArn',
    'aws:ViaAWSService',
  ].map((name) => name.toLowerCase()),
);

/** Values of the keys that every request has. */
export const globalsOf = ({ caller, sourceArn }: Principal): Readonly<Record<string, Given>> => ({
  'aws:CurrentTime': new Date().toISOString(),
  'aws:RequestedRegion': REGION,
  'aws:ResourceAccount': ACCOUNT,
  // In AWS these services are reached by TLS only; here they listen on the loopback interface.
  'aws:SecureTransport': 'true',
  ...(caller.service === undefined
    ? {
        'aws:PrincipalAccount': caller.account,
        'aws:PrincipalArn': caller.arns[0],
        'aws:PrincipalIsAWSService': 'false',
        'aws:PrincipalType': 'AssumedRole',
        'aws:ViaAWSService': 'false',
      }
    : {
        'aws:PrincipalIsAWSService': 'true',
        'aws:PrincipalServiceName': caller.service,
        'aws:SourceAccount': ACCOUNT,
        'aws:SourceArn': sourceArn,
      }),
});

/** @throws NotEmulated for a condition on a key that no local request has */
export const refuseUnknownKeys = (statements: readonly Statement[], where: string): void => {
  for (const { conditions } of statements) {
    for (const { key } of conditions) {
      const name = key.toLowerCase();
      if (name.startsWith('aws:') && !GLOBAL_KEYS.has(name))
        throw new NotEmulated(where, `the condition key ${key} is not evaluated`);
    }
  }
};
