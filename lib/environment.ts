import { ENV } from '../core/contract.ts';

/** Values of the environment variables, by the names that core/contract.ts gives them. */
export type Variables = { readonly [Name in keyof typeof ENV]?: string };

/** Bytes that Lambda allows for all names and values together. */
export const ENVIRONMENT_LIMIT = 4096;

/** The environment of a function, by the names of its variables. */
export const environmentOf = (variables: Variables): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [ENV[name as keyof typeof ENV], value]),
  );

/**
 * The reason why a function's environment is too large, or undefined. Lambda would also refuse it, but in the middle
 * of a deployment.
 * @param bytesOf returns the length of a value after deployment, see value-bytes.ts
 */
export const environmentProblem = (
  name: string,
  environment: Readonly<Record<string, string>>,
  bytesOf: (value: string) => number,
): string | undefined => {
  const sizes = Object.entries(environment)
    .map(([variable, value]) => ({
      variable,
      bytes: Buffer.byteLength(variable) + bytesOf(value),
    }))
    .sort((one, other) => other.bytes - one.bytes);
  const bytes = sizes.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes <= ENVIRONMENT_LIMIT) return undefined;
  const [largest] = sizes;
  return (
    `the environment of function ${name} comes to ${bytes} bytes of the ${ENVIRONMENT_LIMIT} that Lambda allows; ` +
    `${largest?.variable} alone to ${largest?.bytes}: shorten projectQuery and schemas, or have fewer addresses in notifications.to`
  );
};
