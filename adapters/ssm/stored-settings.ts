import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import type * as z from 'zod';
import { InvalidInput } from '../../core/errors/request.ts';
import { parseJson } from '../../core/messages.ts';
import { allEnded } from '../../core/parallel.ts';
import { deadLetterSettings, routeSettings } from '../../core/settings.ts';
import { makeRequestHandler } from '../request-handler.ts';

/** Parameters that one request accepts. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html */
const NAMES_AT_ONCE = 10;
/** All functions of an account share 40 requests a second, and many functions may start at once. */
const ATTEMPTS = 8;

/** The client of functions that read settings at their start. */
export const makeSettingsClient = (): SSMClient =>
  new SSMClient({ maxAttempts: ATTEMPTS, requestHandler: makeRequestHandler() });

const valuesOf = async (client: SSMClient, names: readonly string[]): Promise<string[]> => {
  const { Parameters = [] } = await client.send(new GetParametersCommand({ Names: [...names] }));
  return names.map((name) => {
    const value = Parameters.find(({ Name }) => Name === name)?.Value;
    if (value === undefined)
      throw new InvalidInput('The stored settings', [`there is no parameter ${name}`]);
    return value;
  });
};

/** The elements of all named parameters, in order. */
const read = async <T>(
  schema: z.ZodType<T[]>,
  names: readonly string[],
  client: SSMClient,
): Promise<T[]> => {
  const portions = Array.from({ length: Math.ceil(names.length / NAMES_AT_ONCE) }, (_, index) =>
    names.slice(index * NAMES_AT_ONCE, (index + 1) * NAMES_AT_ONCE),
  );
  const values = await allEnded(portions.map((portion) => valuesOf(client, portion)));
  return values.flat().flatMap((value) => parseJson('The stored settings', schema, value));
};

/**
 * Reads the routes of all sources, once, at a function's start.
 * @param names of the parameters, from the environment
 * @throws InvalidInput for a parameter that is missing or malformed; errors of AWS
 */
export const readRoutes = (names: readonly string[], client = makeSettingsClient()) =>
  read(routeSettings, names, client);

/**
 * Reads once, at a function's start, which dead-letter queue holds which kind of message.
 * @param names of the parameters, from the environment
 * @throws InvalidInput for a parameter that is missing or malformed; errors of AWS
 */
export const readDeadLetterQueues = (names: readonly string[], client = makeSettingsClient()) =>
  read(deadLetterSettings, names, client);
