import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Signature Version 4, checked as AWS does: in the `authorization` header, or in the query of a presigned URL. The digest of a body is read
 * from its header, as S3 does for bodies that it has not read yet; a caller that can sign may send any body anyway. The object store checks
 * the age of a presigned URL.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Credentials of one start, valid for its emulators only. */
export const makeCredentials = (): Credentials => ({
  accessKeyId: `LARDER${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
});

/** A secret that is compared with a value in a request. */
export const makeToken = (): string => randomBytes(24).toString('base64url');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes constant time, wherever the two values differ. */
export const isSameSecret = (one: string, other: string): boolean =>
  timingSafeEqual(digest(one), digest(other));

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

interface Claim {
  readonly accessKeyId: string;
  /** Day, region, service and the word `aws4_request`. */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly time: string;
  readonly payload: string;
}

const claimOf = (
  credential: string,
  rest: Omit<Claim, 'accessKeyId' | 'scope'>,
): Claim | undefined => {
  const [accessKeyId = '', ...scope] = credential.split('/');
  return scope.length === 4 ? { accessKeyId, scope, ...rest } : undefined;
};

const one = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(',') : (value ?? '');

const inQuery = (query: URLSearchParams): Claim | undefined =>
  claimOf(query.get('X-Amz-Credential') ?? '', {
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    time: query.get('X-Amz-Date') ?? '',
    payload: 'UNSIGNED-PAYLOAD',
  });

const inHeader = ({ headers }: IncomingMessage): Claim | undefined => {
  const [, credential = '', signedHeaders = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  return claimOf(credential, {
    signedHeaders: signedHeaders.split(';'),
    signature,
    time: one(headers['x-amz-date']),
    payload: one(headers['x-amz-content-sha256']),
  });
};

const canonicalQuery = (query: URLSearchParams): string =>
  [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? Number(x > y) - Number(x < y) : a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');

/** S3 signs a path as sent; every other service encodes it once more. */
const canonicalPath = (path: string, service: string | undefined): string =>
  service === 's3' ? path : encoded(path).replaceAll('%2F', '/');

const signatureOf = (
  { method = 'GET', headers }: IncomingMessage,
  [path, query]: readonly [string, URLSearchParams],
  { scope, signedHeaders, time, payload }: Claim,
  secret: string,
): string => {
  const [, , service] = scope;
  const request = [
    method,
    canonicalPath(path, service),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${one(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payload,
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), digest(request).toString('hex')];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, toSign.join('\n')).toString('hex');
};

/** The credentials that signed a request, which `find` returns by their access key. The signed headers must include the host. */
export const signedWith = (
  request: IncomingMessage,
  find: (accessKeyId: string) => Credentials | undefined,
): Credentials | undefined => {
  const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const claim = query.has('X-Amz-Signature') ? inQuery(query) : inHeader(request);
  if (!claim?.signedHeaders.includes('host')) return undefined;
  const credentials = find(claim.accessKeyId);
  if (!credentials) return undefined;
  const expected = signatureOf(request, [path, query], claim, credentials.secretAccessKey);
  return isSameSecret(claim.signature, expected) ? credentials : undefined;
};

/** True if these credentials signed the request. */
export const isSignedBy = (request: IncomingMessage, credentials: Credentials): boolean =>
  signedWith(request, (accessKeyId) =>
    accessKeyId === credentials.accessKeyId ? credentials : undefined,
  ) !== undefined;
