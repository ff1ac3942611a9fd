import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Signer } from '@aws-sdk/rds-signer';
import * as z from 'zod';
import { SecretUnreadable, SourceUnreachable } from '../../core/errors/source.ts';
import type { SourceSettings } from '../../core/settings.ts';
import { makeRequestHandler } from '../request-handler.ts';

/** A login. It is requested before every connection: secrets rotate, and an IAM token is valid for 15 minutes. */
export interface Login {
  readonly user: string;
  readonly password: string;
}
/** @param refused a login that the server has just refused: it is read again and not served from the cache */
export type Credentials = (refused?: Login) => Promise<Login>;

/** RDS-managed secrets hold `username` and `password`; other members are not needed. */
const jsonSecret = z.looseObject({ username: z.string().min(1), password: z.string().min(1) });

const fromUrl = (text: string, secretArn: string): Login => {
  if (!URL.canParse(text)) throw new SecretUnreadable(secretArn, 'its URL cannot be read');
  const url = new URL(text);
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  if (!user) throw new SecretUnreadable(secretArn, 'its URL has no user name');
  return { user, password };
};

const fromJson = (text: string, secretArn: string): Login => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote the secret.
    throw new SecretUnreadable(secretArn, 'it is neither JSON nor a postgresql:// URL');
  }
  const secret = jsonSecret.safeParse(value);
  if (!secret.success) throw new SecretUnreadable(secretArn, 'it lacks "username" or "password"');
  return { user: secret.data.username, password: secret.data.password };
};

/**
 * Reads a secret's text: a JSON object with username and password, or a postgresql:// URL.
 * @throws SecretUnreadable, which never contains a part of the secret
 */
export const parseSecret = (text: string, secretArn: string): Login =>
  /^postgres(ql)?:\/\//.test(text.trim())
    ? fromUrl(text.trim(), secretArn)
    : fromJson(text, secretArn);

/** Answers of Secrets Manager that no retry fixes. */
const REFUSALS = [
  'AccessDeniedException',
  'ResourceNotFoundException',
  'DecryptionFailure',
  'InvalidRequestException',
  'InvalidParameterException',
];

/** One attempt opens its connections in quick succession; a later connection reads the secret again. */
const FRESH_MS = 2000;

const isSame = (one: Login, other: Login | undefined): boolean =>
  one.user === other?.user && one.password === other.password;

/** A secret stays valid for this long after the request, unless the server refused it; a failure is not cached at all. */
export const whileFresh = (
  read: Credentials,
  now: () => number = () => performance.now(),
): Credentials => {
  let last: { readonly login: Promise<Login>; readonly askedAt: number } | undefined;
  return async (refused) => {
    if (last && now() - last.askedAt < FRESH_MS) {
      const kept = await last.login;
      if (!isSame(kept, refused)) return kept;
    }
    const login = read();
    last = { login, askedAt: now() };
    login.catch(() => {
      if (last?.login === login) last = undefined;
    });
    return await login;
  };
};

const secretCredentials = (
  source: string,
  secretArn: string,
  client: SecretsManagerClient,
): Credentials =>
  whileFresh(async () => {
    const secret = await client
      .send(new GetSecretValueCommand({ SecretId: secretArn }))
      .catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.name : 'Error';
        if (REFUSALS.includes(why))
          throw new SecretUnreadable(secretArn, `reading it failed with ${why}`, { cause });
        throw new SourceUnreachable(source, `its secret could not be read (${why})`, { cause });
      });
    if (!secret.SecretString) throw new SecretUnreadable(secretArn, 'it holds no text');
    return parseSecret(secret.SecretString, secretArn);
  });

const iamCredentials = (
  source: SourceSettings,
  auth: Extract<SourceSettings['auth'], { type: 'iam' }>,
): Credentials => {
  const signer = new Signer({
    hostname: source.host,
    port: source.port,
    username: auth.user,
    ...(auth.region ? { region: auth.region } : {}),
  });
  return async () => ({ user: auth.user, password: await signer.getAuthToken() });
};

/** How to log in to a source, by its settings. */
export const makeCredentials = (
  source: SourceSettings,
  client: SecretsManagerClient = new SecretsManagerClient({ requestHandler: makeRequestHandler() }),
): Credentials =>
  source.auth.type === 'iam'
    ? iamCredentials(source, source.auth)
    : secretCredentials(source.name, source.auth.secretArn, client);
