import { createHash, createHmac, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider, Checksum, SourceData } from '@smithy/types';

/** How requests reach the API: signed for AWS, or with the token of a local start. */
export type Send = (request: Request) => Promise<Response>;

export const sendWithToken =
  (token: string): Send =>
  (request) => {
    request.headers.set('authorization', `Bearer ${token}`);
    return fetch(request);
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
export const sendSigned = ({ region, credentials }: SigningOptions): Send => {
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
  return async (request) => {
    const { method, signal } = request;
    const url = new URL(request.url);
    const text = await request.text();
    const signed = await signer.sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port && { port: Number(url.port) }),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...Object.fromEntries(request.headers), host: url.host },
      ...(text && { body: text }),
    });
    const { host: _, ...headers } = signed.headers;
    return await fetch(url, {
      method,
      headers,
      ...(text && { body: text }),
      redirect: 'manual',
      signal,
    });
  };
};
