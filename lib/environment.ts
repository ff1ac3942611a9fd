import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ENV } from '../core/contract.ts';

/** Values of the variables that core/contract.ts names, under the names it has for them. */
export type Variables = { readonly [Name in keyof typeof ENV]?: string };

/** Bytes that Lambda allows for all names and values together. */
const LIMIT = 4096;
/**
 * Bytes to reckon with for what only the deployment knows, by type of the resource it names. The longest is a
 * queue's URL: `https://sqs.ap-southeast-1.amazonaws.com/123456789012/` and a name of 80.
 */
const LONGEST: Readonly<Record<string, number>> = {
  'AWS::Lambda::Function': 64,
  'AWS::S3::Bucket': 63,
  // The id of a key, a UUID.
  'AWS::KMS::Key': 36,
};
const LONGEST_OF_ALL = 135;

/** The environment of a function, by the names it reads. */
export const environmentOf = (variables: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [ENV[name as keyof typeof ENV], value]),
  );

/** The longest that a `Ref` can come to. */
const bytesOfRef = (stack: Stack, id: unknown): number => {
  const named = stack.node
    .findAll()
    .filter((child) => CfnResource.isCfnResource(child))
    .find((resource) => stack.resolve(resource.logicalId) === id);
  return LONGEST[named?.cfnResourceType ?? ''] ?? LONGEST_OF_ALL;
};

const bytesOf = (stack: Stack, resolved: unknown): number => {
  if (typeof resolved === 'string') return Buffer.byteLength(resolved);
  const { Ref: ref, 'Fn::Join': join } = Object(resolved) as Record<string, unknown>;
  if (ref !== undefined) return bytesOfRef(stack, ref);
  const pieces: unknown = Array.isArray(join) ? join[1] : undefined;
  return Array.isArray(pieces)
    ? pieces.reduce((sum: number, piece) => sum + bytesOf(stack, piece), 0)
    : LONGEST_OF_ALL;
};

/** What a function's environment comes to, in bytes, where each value that the deployment fills in counts as its longest. */
const environmentBytes = (
  scope: IConstruct,
  environment: Readonly<Record<string, string>>,
): number => {
  const stack = Stack.of(scope);
  return Object.entries(environment).reduce((sum, [name, value]) => {
    const resolved: unknown = Token.isUnresolved(value) ? stack.resolve(value) : value;
    return sum + Buffer.byteLength(name) + bytesOf(stack, resolved);
  }, 0);
};

/**
 * What is wrong with the size of an environment, or undefined. Lambda would say so too, half-way through a
 * deployment.
 */
export const environmentProblem = (
  scope: IConstruct,
  name: string,
  environment: Readonly<Record<string, string>>,
): string | undefined => {
  const bytes = environmentBytes(scope, environment);
  if (bytes <= LIMIT) return undefined;
  const largest = Object.entries(environment)
    .map(([variable, value]) => ({
      variable,
      bytes: environmentBytes(scope, { [variable]: value }),
    }))
    .sort((one, other) => other.bytes - one.bytes)[0];
  return (
    `the environment of function ${name} comes to ${bytes} bytes of the ${LIMIT} that Lambda allows; ` +
    `${largest?.variable} alone to ${largest?.bytes}: shorten projectQuery and schemas, have fewer addresses in notifications.to, or put some sources into a stack of their own`
  );
};
