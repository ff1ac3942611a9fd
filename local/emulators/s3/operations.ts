import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { receive } from './body.ts';
import { S3Failure } from './failure.ts';
import { listObjects, listUploads, listVersions } from './listings.ts';
import type { ObjectHeaders, ObjectMetadata, Objects } from './objects.ts';
import { refusedRemovals, removalId } from './removals.ts';
import type { Uploads } from './uploads.ts';
import { elements, textOf, xml } from './xml.ts';

/** A request to the store, and what serves it. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly objects: Objects;
  readonly uploads: Uploads;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

type Operation = (call: Call) => Promise<void>;

const ofBucket = ({ request, query }: Call): Operation | undefined => {
  if (request.method === 'HEAD') return async ({ response }) => void response.end();
  if (request.method === 'POST' && query.has('delete')) return deleteObjects;
  if (request.method !== 'GET') return undefined;
  if (query.has('versions')) return async (call) => sendXml(call, listVersions(call));
  if (query.has('uploads')) return async (call) => sendXml(call, listUploads(call));
  if (query.get('list-type') === '2') return async (call) => sendXml(call, listObjects(call));
  return undefined;
};

const ofObject = ({ request, query }: Call): Operation | undefined => {
  const upload = query.has('uploadId');
  switch (request.method) {
    case 'PUT':
      if (request.headers['x-amz-copy-source'] || query.has('tagging')) return undefined;
      return upload ? uploadPart : putObject;
    case 'POST':
      if (query.has('uploads')) return beginUpload;
      return upload ? completeUpload : undefined;
    case 'DELETE':
      return upload ? abortUpload : deleteObject;
    case 'GET':
    case 'HEAD':
      return query.size > 0 && query.has('tagging') ? undefined : getObject;
    default:
      return undefined;
  }
};

const sendXml = ({ response }: Call, body: string): void => {
  response.setHeader('content-type', 'application/xml');
  response.end(body);
};

const headersOf = ({ request }: Call): ObjectHeaders => {
  const disposition = request.headers['content-disposition'];
  return {
    contentType: request.headers['content-type'] ?? 'application/octet-stream',
    ...(disposition ? { contentDisposition: disposition } : {}),
  };
};

const refuseExisting = ({ request, objects, bucket, key }: Call): void => {
  if (request.headers['if-none-match'] === '*' && objects.find(bucket, key)) {
    throw new S3Failure(412, 'PreconditionFailed', 'An object with that key exists');
  }
};

const putObject: Operation = async (call) => {
  refuseExisting(call);
  const arrived = await receive(call.request, call.objects.incoming());
  refuseExisting(call);
  const object = await call.objects.put(call.bucket, call.key, arrived, headersOf(call));
  for (const [name, value] of Object.entries(arrived.checksums))
    call.response.setHeader(name, value);
  call.response.setHeader('etag', object.etag).end();
};

const beginUpload: Operation = async (call) => {
  const id = await call.uploads.begin(call.bucket, call.key, headersOf(call));
  sendXml(
    call,
    xml('InitiateMultipartUploadResult', { Bucket: call.bucket, Key: call.key, UploadId: id }),
  );
};

const uploadPart: Operation = async ({ request, response, objects, uploads, query }) => {
  const number = Number(query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new S3Failure(400, 'InvalidArgument', 'Part numbers go from 1 to 10000');
  }
  const arrived = await receive(request, objects.incoming());
  const etag = await uploads.addPart(query.get('uploadId') ?? '', number, arrived);
  for (const [name, value] of Object.entries(arrived.checksums)) response.setHeader(name, value);
  response.setHeader('etag', etag).end();
};

const completeUpload: Operation = async (call) => {
  refuseExisting(call);
  const body = await text(call.request);
  const parts = elements(body, 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: textOf(part, 'ETag') ?? '',
  }));
  const size = call.request.headers['x-amz-mp-object-size'];
  const object = await call.uploads.complete(
    call.query.get('uploadId') ?? '',
    parts,
    typeof size === 'string' ? Number(size) : undefined,
  );
  sendXml(
    call,
    xml('CompleteMultipartUploadResult', { Bucket: call.bucket, Key: call.key, ETag: object.etag }),
  );
};

const abortUpload: Operation = async ({ uploads, query, response }) => {
  await uploads.abort(query.get('uploadId') ?? '');
  response.writeHead(204).end();
};

const deleteObject: Operation = async ({ objects, bucket, key, response }) => {
  await objects.remove(bucket, key);
  response.writeHead(204).end();
};

const deleteObjects: Operation = async (call) => {
  const body = await text(call.request);
  const refused = refusedRemovals(call.request);
  const deleted: { Key: string }[] = [];
  const errors: { Key: string; Code: string; Message: string }[] = [];
  for (const object of elements(body, 'Object')) {
    const Key = textOf(object, 'Key') ?? '';
    const Message = refused.get(removalId(Key, textOf(object, 'VersionId')));
    if (Message !== undefined) {
      errors.push({ Key, Code: 'AccessDenied', Message });
      continue;
    }
    await call.objects.remove(call.bucket, Key);
    deleted.push({ Key });
  }
  const quiet = textOf(body, 'Quiet') === 'true';
  sendXml(call, xml('DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors }));
};

const rangeOf = (
  { request }: Call,
  { size }: ObjectMetadata,
): { start: number; end: number } | undefined => {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined || (from === '' && to === '')) return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start > end) throw new S3Failure(416, 'InvalidRange', 'The range is not satisfiable');
  return { start, end };
};

const getObject: Operation = async (call) => {
  const { request, response, objects, bucket, key, query } = call;
  const found = objects.find(bucket, key);
  if (!found) throw new S3Failure(404, 'NoSuchKey', 'The specified key does not exist.');
  const range = rangeOf(call, found);
  const disposition = query.get('response-content-disposition') ?? found.contentDisposition;
  response.writeHead(range ? 206 : 200, {
    'content-type': query.get('response-content-type') ?? found.contentType,
    'content-length': range ? range.end - range.start + 1 : found.size,
    'accept-ranges': 'bytes',
    etag: found.etag,
    'last-modified': new Date(found.lastModified).toUTCString(),
    ...(disposition ? { 'content-disposition': disposition } : {}),
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${found.size}` } : {}),
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(objects.read(bucket, found, range), response);
};

/** Undefined for a request that is not emulated. */
export const operationOf = (call: Call): Operation | undefined =>
  call.key === '' ? ofBucket(call) : ofObject(call);
