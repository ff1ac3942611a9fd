import { Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ENV } from '../core/contract.ts';

/** Values of the variables that core/contract.ts names, under the names it has for them. */
export type Variables = { readonly [Name in keyof typeof ENV]?: string };

/** Bytes that Lambda allows for all names and values together. */
const LIMIT = 4096;
/**
 * Bytes to reckon with for a value that only the deployment knows: the longest is a queue's URL, with
 * `https://sqs.ap-southeast-1.amazonaws.com/123456789012/` and a name of 80.
 */
const UNKNOWN_VALUE = 135;

/** The environment of a function, by the names it reads. */
export const environmentOf = (variables: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [ENV[name as keyof typeof ENV], value]),
  );

const bytesOf = (resolved: unknown): number => {
  if (typeof resolved === 'string') return Buffer.byteLength(resolved);
  const join: unknown = (resolved as Record<string, unknown> | undefined)?.['Fn::Join'];
  if (!Array.isArray(join)) return UNKNOWN_VALUE;
  const pieces: unknown = join[1];
  return Array.isArray(pieces) ? pieces.reduce((sum: number, one) => sum + bytesOf(one), 0) : 0;
};

/** What a function's environment comes to, in bytes, where each value that the deployment fills in counts as its longest. */
export const environmentBytes = (
  scope: IConstruct,
  environment: Readonly<Record<string, string>>,
): number =>
  Object.entries(environment).reduce((sum, [name, value]) => {
    const resolved: unknown = Token.isUnresolved(value) ? Stack.of(scope).resolve(value) : value;
    return sum + Buffer.byteLength(name) + bytesOf(resolved);
  }, 0);

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
