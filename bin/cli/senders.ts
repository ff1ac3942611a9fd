import { createHash, createHmac, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider, Checksum, SourceData } from '@smithy/types';
import type { ApiRequest, Send } from './api-client.ts';

/** How requests reach the API: signed for AWS, or with the token of a local start. */
const queryOf = ({ query = {} }: ApiRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).filter((one): one is [string, string] => one[1] !== undefined),
  );

const urlOf = (base: string, request: ApiRequest): URL => {
  const query = new URLSearchParams(queryOf(request)).toString();
  return new URL(`${base.replace(/\/+$/, '')}${request.path}${query && `?${query}`}`);
};

const bodyOf = ({ body }: ApiRequest): string | undefined =>
  body === undefined ? undefined : JSON.stringify(body);

const headersOf = (request: ApiRequest): Record<string, string> => ({
  ...request.headers,
  ...(request.body !== undefined && { 'content-type': 'application/json' }),
});

export const sendWithToken =
  (base: string, token: string): Send =>
  (request, signal) => {
    const body = bodyOf(request);
    return fetch(urlOf(base, request), {
      method: request.method,
      headers: { ...headersOf(request), authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal,
    });
  };

/** Node's SHA-256 in the form that the signer needs. */
class Sha256 implements Checksum {
  #hash: ReturnType<typeof createHash> | Hmac;
  readonly #secret: SourceData | undefined;

  constructor(secret?: SourceData) {
    this.#secret = secret;
    this.#hash = this.#fresh();
  }

  #fresh() {
    const secret = this.#secret;
    if (secret === undefined) return createHash('sha256');
    return createHmac(
      'sha256',
      typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array),
    );
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#fresh();
  }
}

export interface SigningOptions {
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
}

/** SigV4 for the service `execute-api`, with credentials of the default chain. */
export const sendSigned = (base: string, { region, credentials }: SigningOptions): Send => {
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
  return async (request, signal) => {
    const url = urlOf(base, request);
    const body = bodyOf(request);
    const signed = await signer.sign({
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port && { port: Number(url.port) }),
      path: url.pathname,
      query: queryOf(request),
      headers: { ...headersOf(request), host: url.host },
      ...(body !== undefined && { body }),
    });
    const { host: _, ...headers } = signed.headers;
    return await fetch(url, {
      method: request.method,
      headers,
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal,
    });
  };
};
