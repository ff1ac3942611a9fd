import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Admit } from '../admission.ts';
import { type Listening, listenOnLoopback } from '../loopback.ts';
import { S3Failure } from './failure.ts';
import { type Objects, openObjects } from './objects.ts';
import { type Call, operationOf } from './operations.ts';
import { openUploads, type Uploads } from './uploads.ts';
import { xml } from './xml.ts';

/**
 * S3, limited to what Larder uses, with objects as plain files. It is our own because the available emulators keep whole
 * objects in memory, support neither `If-None-Match` nor lists of uploads and versions, and do not name files by key. It
 * serves path-style addresses only. It checks signatures if access control is given, and always checks the age of a
 * presigned URL. It keeps one version of an object, with the id `null`, as in a bucket where versioning was never enabled.
 */
export interface ObjectStore extends Listening {
  createBucket(name: string): Promise<void>;
  has(bucket: string, key: string): boolean;
}

export interface StoreOptions {
  /** A certificate of 127.0.0.1 with its key, PEM; without it the store speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly admit?: Admit;
}

export const startObjectStore = async (
  root: string,
  { tls, admit }: StoreOptions = {},
): Promise<ObjectStore> => {
  const objects = await openObjects(root);
  const uploads = await openUploads(root, objects);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response, objects, uploads).catch((error: unknown) => refuse(response, error));
  };
  const server = tls ? createSecureServer(tls, serve) : createServer(serve);
  const listening = await listenOnLoopback(server, admit);
  const url = tls ? listening.url.replace('http:', 'https:') : listening.url;
  return {
    ...listening,
    url,
    createBucket: objects.createBucket,
    has: (bucket, key) => objects.hasBucket(bucket) && objects.find(bucket, key) !== undefined,
  };
};

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  objects: Objects,
  uploads: Uploads,
): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://s3');
  // The path is used as received: URL would resolve a `..` in a key.
  const rawPath = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const [, bucket = '', ...rest] = rawPath.split('/');
  const call: Call = {
    request,
    response,
    objects,
    uploads,
    bucket: decodeURIComponent(bucket),
    key: decodeURIComponent(rest.join('/')),
    query: url.searchParams,
  };
  refuseExpired(call.query);
  if (!objects.hasBucket(call.bucket)) {
    throw new S3Failure(404, 'NoSuchBucket', 'The specified bucket does not exist');
  }
  const operation = operationOf(call);
  if (!operation) {
    throw new S3Failure(501, 'NotImplemented', `${request.method} ${request.url} is not emulated`);
  }
  await operation(call);
};

const refuseExpired = (query: URLSearchParams): void => {
  const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(query.get('X-Amz-Date') ?? '') ?? [];
  if (!day || !time) return;
  const signed = Date.parse(
    `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`,
  );
  if (Date.now() > signed + Number(query.get('X-Amz-Expires')) * 1000) {
    throw new S3Failure(403, 'AccessDenied', 'Request has expired');
  }
};

const refuse = (response: ServerResponse, error: unknown): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const failure =
    error instanceof S3Failure
      ? error
      : new S3Failure(500, 'InternalError', error instanceof Error ? error.message : 'unknown');
  response.writeHead(failure.status, { 'content-type': 'application/xml', connection: 'close' });
  response.end(xml('Error', { Code: failure.code, Message: failure.message }));
};
