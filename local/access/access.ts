import { type Credentials, makeCredentials } from '../emulators/signature.ts';
import { ACCOUNT, PARTITION, REGION } from '../region.ts';
import { NotEmulated } from '../template/document.ts';
import { type ConditionKeys, loadConditionKeys } from './condition-keys.ts';
import { type AccessRequest, type Decision, decide } from './evaluate.ts';
import { type Grant, makeGrants } from './grants.ts';
import {
  globalsOf,
  type Principal,
  refuseUnknownKeys,
  serviceOf,
  sessionOf,
} from './principals.ts';
import type { Check, Facts } from './requests/request.ts';
import type { Role, TemplatePolicies } from './template-policies.ts';

/**
 * IAM of the local stack. Every function and every schedule acts with the role that the template gives it, and signs with its own
 * access key. A request that the role does not allow is refused, as AWS would.
 */
export interface Access {
  /** The credentials of the start itself, which creates the template's resources: they allow everything. */
  readonly operator: Credentials;
  /** The credentials of a function or a schedule. @throws Error if it has none */
  credentialsOf(name: string): Credentials;
  /** The principal that signs with an access key; only the operator until the template's policies are loaded. */
  signers(accessKeyId: string): Signer | undefined;
  /** Lets a schedule that is not in the template act with a role. @throws Error if it may not assume it */
  enrollSchedule(id: string, roleArn: string, group: string): void;
  /** @throws AccessDenied if one of the checks is refused */
  check(principal: Principal, checks: readonly Check[]): void;
  /** The same for a function or a schedule, by its name. @throws AccessDenied */
  checkAs(name: string, checks: readonly Check[]): void;
  readonly facts: Facts;
  report(): AccessReport;
}

export interface Signer {
  readonly credentials: Credentials;
  /** Absent for the operator. */
  readonly principal?: Principal;
}

/** Grants that were never used, and requests that were refused. */
export interface AccessReport {
  readonly granted: number;
  readonly unused: readonly Grant[];
  readonly refused: readonly Refused[];
}

export interface Refused {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly message: string;
  readonly times: number;
}

export class AccessDenied extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AccessDenied';
  }
}

const SERVICES = [
  'dynamodb',
  'iam',
  'kms',
  'lambda',
  'logs',
  's3',
  'scheduler',
  'secretsmanager',
  'ses',
  'sqs',
  'ssm',
  'sts',
];

/** What S3 also says about a refused request. */
const S3_KEYS = {
  's3:ResourceAccount': ACCOUNT,
  's3:TlsVersion': '1.3',
  's3:signatureversion': 'AWS4-HMAC-SHA256',
};

/** An object has the policy of its bucket, and an index the policy of its table. */
const policyArnOf = (resource: string): string =>
  resource.includes(':s3:::')
    ? (resource.split('/')[0] ?? resource)
    : resource.replace(/\/index\/.*$/, '');

/** AWS's own wording. */
const messageOf = (
  { caller }: Principal,
  { action, resource }: AccessRequest,
  decision: Extract<Decision, { allowed: false }>,
): string => {
  const who = caller.service ?? caller.arns.at(-1);
  const why =
    decision.reason === 'explicit-deny'
      ? `with an explicit deny in ${decision.policy === 'identity' ? 'an identity-based' : 'a resource-based'} policy`
      : `because no ${decision.policy}-based policy allows the ${action} action`;
  return `User: ${who} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
};

/** @throws Error if the function or schedule may not assume its role: AWS would refuse to create it */
const checkTrust = (role: Role, service: string, sourceArn: string, keys: ConditionKeys): void => {
  const caller = serviceOf(service, sourceArn);
  const action = 'sts:AssumeRole';
  const context = keys.of(action, globalsOf(caller));
  const request: AccessRequest = { action, resource: role.arn, context };
  const policies = { identity: [], resource: role.trust };
  if (!decide(caller.caller, request, policies).allowed)
    throw new Error(
      `The role ${role.id} can't be assumed by ${service}: its trust policy does not allow it.`,
    );
};

export interface Template {
  readonly policies: TemplatePolicies;
  readonly facts: Facts;
}

export interface AccessOptions {
  /** Called once for each kind of refusal. */
  readonly onRefused: (message: string) => void;
}

/** @throws NotEmulated for policies that can't be evaluated here */
export const makeAccess = async (
  operator: Credentials,
  { policies, facts }: Template,
  { onRefused }: AccessOptions,
): Promise<Access> => {
  const keys = await loadConditionKeys(SERVICES);
  const grants = makeGrants();
  const refused = new Map<string, Refused>();
  const principals = new Map<string, Principal>();
  const credentials = new Map<string, Credentials>();
  const byKey = new Map<string, Signer>([[operator.accessKeyId, { credentials: operator }]]);

  const enroll = (name: string, roleArn: string, service: string, sourceArn: string): void => {
    const role = policies.roles.get(roleArn);
    if (!role) throw new NotEmulated(name, `its role ${roleArn} is not in the template`);
    checkTrust(role, service, sourceArn, keys);
    const principal = sessionOf(role, name);
    const made = makeCredentials();
    principals.set(name, principal);
    credentials.set(name, made);
    byKey.set(made.accessKeyId, { credentials: made, principal });
  };
  for (const { id, statements } of policies.roles.values()) {
    refuseUnknownKeys(statements, id);
    grants.add(id, statements);
  }
  for (const [arn, statements] of policies.ofResources) {
    refuseUnknownKeys(statements, arn);
    if (arn.includes(':lambda:')) grants.add(`permission of ${arn.split(':').at(-1)}`, statements);
  }
  for (const [name, role] of policies.roleOfFunction)
    enroll(
      name,
      role,
      'lambda.amazonaws.com',
      `arn:${PARTITION}:lambda:${REGION}:${ACCOUNT}:function:${name}`,
    );
  const enrollSchedule = (id: string, roleArn: string, group: string): void =>
    enroll(
      id,
      roleArn,
      'scheduler.amazonaws.com',
      `arn:${PARTITION}:scheduler:${REGION}:${ACCOUNT}:schedule-group/${group}`,
    );
  for (const [id, { role, group }] of policies.roleOfSchedule) enrollSchedule(id, role, group);

  const one = (principal: Principal, { action, resource, keys: given }: Check): void => {
    const context = keys.of(action, {
      ...globalsOf(principal),
      ...(action.startsWith('s3:') && S3_KEYS),
      ...given,
    });
    const request: AccessRequest = { action, resource, context };
    const ofResource = policies.ofResources.get(policyArnOf(resource)) ?? [];
    const decision = decide(principal.caller, request, {
      identity: principal.statements,
      resource: ofResource,
      ...(action.startsWith('kms:') && ofResource.length > 0 && { needs: 'delegation' }),
    });
    if (decision.allowed) {
      grants.use(request, decision.by);
      return;
    }
    const message = messageOf(principal, request, decision);
    const known = refused.get(message);
    const times = (known?.times ?? 0) + 1;
    refused.set(message, { principal: principal.name, action, resource, message, times });
    if (!known) onRefused(message);
    throw new AccessDenied(message);
  };
  const principalOf = (name: string): Principal => {
    const found = principals.get(name);
    if (!found) throw new Error(`${name} has no role`);
    return found;
  };
  const check = (principal: Principal, checks: readonly Check[]): void => {
    for (const wanted of checks) one(principal, wanted);
  };
  return {
    operator,
    facts,
    signers: (accessKeyId) => byKey.get(accessKeyId),
    credentialsOf: (name) => {
      const found = credentials.get(name);
      if (!found) throw new Error(`${name} has no credentials`);
      return found;
    },
    enrollSchedule,
    check,
    checkAs: (name, checks) => check(principalOf(name), checks),
    report: () => ({
      granted: grants.all().length,
      unused: grants.unused(),
      refused: [...refused.values()],
    }),
  };
};
