import { type Context, holds } from './conditions.ts';
import { matchesAction, matchesArn } from './patterns.ts';
import type { Principal, Statement } from './statements.ts';

/** One permission check. An operation of AWS may need several. */
export interface AccessRequest {
  /** Such as `s3:GetObject`. */
  readonly action: string;
  /** ARN, or `*` for an action that takes none. */
  readonly resource: string;
  readonly context: Context;
}

/** The caller: a session of a role, or a service of AWS on its own behalf. */
export interface Caller {
  /** The role's ARN and its session's ARN; none for a service. */
  readonly arns: readonly string[];
  readonly account: string;
  /** Such as `apigateway.amazonaws.com`. */
  readonly service?: string;
}

export interface Policies {
  /** Policies of the caller's role. */
  readonly identity: readonly Statement[];
  /** Policies of the resource. */
  readonly resource: readonly Statement[];
  /**
   * What the caller's own policies need in addition: nothing if either policy may allow the request, as within one account;
   * `delegation` if the resource's policy must name the account, as a key's must.
   */
  readonly needs?: 'delegation';
}

export type Decision =
  | { readonly allowed: true; readonly by: readonly Statement[] }
  | {
      readonly allowed: false;
      readonly reason: 'explicit-deny' | 'no-allow';
      readonly policy: 'identity' | 'resource';
    };

type Naming = 'caller' | 'account' | undefined;

/** Whether a principal names the caller itself or the caller's account. */
const namingOf = (principal: Principal | undefined, caller: Caller): Naming => {
  const { AWS: arns = [], Service: services = [] } = principal ?? {};
  if (caller.service !== undefined) return services.includes(caller.service) ? 'caller' : undefined;
  if (arns.some((arn) => arn === '*' || caller.arns.includes(arn))) return 'caller';
  const isAccount = (arn: string): boolean =>
    arn === caller.account || new RegExp(`^arn:[\\w-]+:iam::${caller.account}:root$`).test(arn);
  return arns.some(isAccount) ? 'account' : undefined;
};

const isAbout = (
  { actions, resources, conditions }: Statement,
  { action, resource, context }: AccessRequest,
): boolean => {
  if (actions.patterns.some((one) => matchesAction(one, action)) === actions.isNegated)
    return false;
  if (resources) {
    if (resources.patterns.some((one) => matchesArn(one, resource)) === resources.isNegated)
      return false;
  }
  return conditions.every((condition) => holds(condition, context));
};

/**
 * IAM's decision within one account: a denial wins; otherwise one of the policies must allow the request. A resource policy
 * that names the account allows nothing by itself: it leaves the decision to the policies of the account's identities.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-scenario.html
 */
export const decide = (
  caller: Caller,
  request: AccessRequest,
  { identity, resource, needs }: Policies,
): Decision => {
  const ofIdentity = identity.filter((statement) => isAbout(statement, request));
  const ofResource = resource
    .filter((statement) => isAbout(statement, request))
    .map((statement) => ({ statement, naming: namingOf(statement.principal, caller) }))
    .filter(({ naming }) => naming !== undefined);
  if (ofIdentity.some(({ effect }) => effect === 'Deny'))
    return { allowed: false, reason: 'explicit-deny', policy: 'identity' };
  if (ofResource.some(({ statement }) => statement.effect === 'Deny'))
    return { allowed: false, reason: 'explicit-deny', policy: 'resource' };
  const direct = ofResource.filter(({ naming }) => naming === 'caller');
  const isDelegated = needs !== 'delegation' || ofResource.length > 0;
  if (direct.length > 0 || (isDelegated && ofIdentity.length > 0))
    return { allowed: true, by: [...ofIdentity, ...direct.map(({ statement }) => statement)] };
  const policy = ofIdentity.length > 0 || caller.service !== undefined ? 'resource' : 'identity';
  return { allowed: false, reason: 'no-allow', policy };
};
