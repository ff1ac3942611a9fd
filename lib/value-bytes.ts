import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Assumed lengths in bytes of values that only the deployment knows, by resource type. The longest is a queue's
 * URL: `https://sqs.ap-southeast-1.amazonaws.com/123456789012/` and a name of 80 characters.
 */
const LONGEST: Readonly<Record<string, number>> = {
  'AWS::Lambda::Function': 64,
  'AWS::S3::Bucket': 63,
  // The id of a key, a UUID.
  'AWS::KMS::Key': 36,
  // `CFN`, the logical id and twelve random characters.
  // https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ssm
  'AWS::SSM::Parameter': 64,
};
const LONGEST_OF_ALL = 135;

/** The outermost stack, which is not nested. */
export const outermostStack = (scope: IConstruct): Stack => {
  const stack = Stack.of(scope);
  return stack.nestedStackParent ? outermostStack(stack.nestedStackParent) : stack;
};

/** Types of the resources by logical id. Similar nested stacks have the same ids for the same types. */
const typesOf = (outermost: Stack): ReadonlyMap<string, string> =>
  new Map(
    outermost.node
      .findAll()
      .filter((child) => CfnResource.isCfnResource(child))
      .map((resource) => [resource.stack.getLogicalId(resource), resource.cfnResourceType]),
  );

/**
 * Returns a function that computes the largest length of a value in bytes: values that the deployment fills in count with their
 * largest length. It knows the resources that the stack has at the time of the call.
 */
export const makeValueBytes = (scope: IConstruct): ((value: string) => number) => {
  const stack = Stack.of(scope);
  const types = typesOf(outermostStack(scope));
  const bytesOf = (resolved: unknown): number => {
    if (typeof resolved === 'string') return Buffer.byteLength(resolved);
    const { Ref: ref, 'Fn::Join': join } = Object(resolved) as Record<string, unknown>;
    if (typeof ref === 'string') return LONGEST[types.get(ref) ?? ''] ?? LONGEST_OF_ALL;
    const pieces: unknown = Array.isArray(join) ? join[1] : undefined;
    return Array.isArray(pieces)
      ? pieces.reduce((sum: number, piece) => sum + bytesOf(piece), 0)
      : LONGEST_OF_ALL;
  };
  return (value) => bytesOf(Token.isUnresolved(value) ? stack.resolve(value) : value);
};
