import path from 'node:path';
import { STACK_NAME } from '../../core/contract.ts';
import { DATA_FOLDER, readEndpoints } from '../../local/start/endpoints.ts';
import { type ApiClient, makeApiClient } from './api-client.ts';
import { CommandFailed, EXIT } from './exit.ts';
import { sendSigned, sendWithToken } from './senders.ts';

/** The Larder that a command connects to, in the order of the search. */
export interface ConnectOptions {
  /** URL of a deployed API. */
  readonly endpoint?: string;
  /** Name of a deployed stack, whose output `ApiUrl` holds the URL. */
  readonly stack?: string;
  /** Data folder of a running `npm start`; true for the default one. */
  readonly local?: string | true;
  readonly profile?: string;
  readonly region?: string;
}

const overAws = async (
  options: ConnectOptions,
  url: string,
  name: string,
  signal: AbortSignal,
): Promise<ApiClient> => {
  // The SDK takes a while to load, and a local start does not need it.
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers');
  const { profile } = options;
  const credentials = fromNodeProviderChain(profile === undefined ? {} : { profile });
  const region = options.region ?? /\.execute-api\.([a-z0-9-]+)\./.exec(url)?.[1];
  const used = region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  if (used === undefined)
    throw new CommandFailed('No region is set: give --region or set AWS_REGION.', EXIT.usage);
  return makeApiClient(name, url, sendSigned({ region: used, credentials }), signal);
};

const endpointUrl = (endpoint: string): string => {
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new CommandFailed(`--endpoint: "${endpoint}" is not the URL of an API.`, EXIT.usage);
  return endpoint;
};

const overStack = async (options: ConnectOptions, signal: AbortSignal): Promise<ApiClient> => {
  const { stack = STACK_NAME, profile, region } = options;
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  if (region !== undefined) process.env.AWS_REGION = region;
  const { outputsOf } = await import('../history/stack.ts');
  const url = (await outputsOf(stack)).get('ApiUrl');
  if (url === undefined)
    throw new CommandFailed(`The stack ${stack} has no output ApiUrl: is it Larder's stack?`);
  return await overAws(options, url, `the stack ${stack}`, signal);
};

const overLocal = async (folder: string, signal: AbortSignal): Promise<ApiClient | undefined> => {
  const found = await readEndpoints(folder);
  if (found?.api === undefined) return undefined;
  const { url, token } = found.api;
  const isUp = await fetch(`${url}/health`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  }).then(
    ({ ok }) => ok,
    () => false,
  );
  return isUp
    ? makeApiClient(`the local stack at ${url}`, url, sendWithToken(token), signal)
    : undefined;
};

/**
 * An explicit option is used. Without one, the search order is: LARDER_ENDPOINT, a local start that runs in this folder, the deployed stack
 * Larder.
 * @throws CommandFailed if there is none
 */
export const connect = async (options: ConnectOptions, signal: AbortSignal): Promise<ApiClient> => {
  const given = [options.endpoint, options.stack, options.local].filter((one) => one !== undefined);
  if (given.length > 1)
    throw new CommandFailed('Give only one of --endpoint, --stack and --local.', EXIT.usage);
  const endpoint = options.endpoint ?? (given.length ? undefined : process.env.LARDER_ENDPOINT);
  if (endpoint) return await overAws(options, endpointUrl(endpoint), endpoint, signal);
  if (options.stack === undefined) {
    const named = typeof options.local === 'string' ? options.local : DATA_FOLDER;
    const folder = path.resolve(named);
    const local = await overLocal(folder, signal);
    if (local) return local;
    if (options.local !== undefined)
      throw new CommandFailed(
        `No local stack runs with the data folder ${folder}: start it with npm start.`,
      );
  }
  return await overStack(options, signal);
};
