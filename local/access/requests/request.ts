import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import * as z from 'zod';
import type { Reply } from '../../emulators/admission.ts';
import { ACCOUNT, PARTITION, REGION } from '../../region.ts';
import type { Given } from '../condition-keys.ts';

/** A request to an emulator. */
export interface WireRequest {
  readonly method: string;
  /** As it was sent, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Empty where the service's permissions don't depend on it. */
  readonly body: string;
}

/** One permission that a request needs: all of a request's must be allowed. */
export interface Check {
  readonly action: string;
  /** ARN, or `*` for an action that takes none. */
  readonly resource: string;
  /** Values of the service's condition keys. Those that the action does not have are not looked at. */
  readonly keys?: Readonly<Record<string, Given>>;
}

/** What the permissions depend on besides the request. */
export interface Facts {
  /** ARN of the key that encrypts a bucket's objects. */
  keyOfBucket(bucket: string): string | undefined;
  hasObject(bucket: string, key: string): boolean;
  /** Name of the partition key of a table, or of one of its indexes. */
  partitionKeyOf(table: string, index: string | undefined): string | undefined;
}

/** How the requests of one service are read, and refused. */
export interface ServiceRequests {
  needsBody(request: Omit<WireRequest, 'body'>): boolean;
  /** @throws NotMapped for an operation that is not known here */
  checksOf(request: WireRequest, facts: Facts): readonly Check[];
  /** Of an operation that is allowed or refused part by part. */
  readonly parts?: {
    of(request: WireRequest): readonly Part[];
    /** Notes which parts are refused, with why, for the emulator that is given the request. */
    note(request: IncomingMessage, refused: ReadonlyMap<string, string>): void;
  };
  /** The service's own form of AccessDenied. */
  refusal(request: WireRequest, message: string): Reply;
}

export interface Part {
  readonly id: string;
  readonly check: Check;
}

/** Nobody has said which permissions an operation needs, so it is not let through. */
export class NotMapped extends Error {
  constructor(operation: string) {
    super(`local/access does not know which permissions ${operation} needs`);
    this.name = 'NotMapped';
  }
}

export const arnOf = (service: string, resource: string): string =>
  `arn:${PARTITION}:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** The operation of a service that speaks JSON, from `AmazonSQS.SendMessage`. */
export const operationOf = ({ headers }: WireRequest): string =>
  String(headers['x-amz-target'] ?? '')
    .split('.')
    .at(-1) ?? '';

/** A body of JSON. @throws NotMapped where it is none of that shape */
export const parseBody = <S extends z.ZodType>(request: WireRequest, shape: S): z.output<S> => {
  let given: unknown;
  try {
    given = JSON.parse(request.body);
  } catch {
    throw new NotMapped(`${operationOf(request)} with a body that is no JSON`);
  }
  const { data, error } = shape.safeParse(given);
  if (error) throw new NotMapped(`${operationOf(request)}: ${z.prettifyError(error)}`);
  return data;
};

/** AccessDenied of a service that speaks JSON. */
export const jsonRefusal = (
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  status,
  headers: {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-errortype': type,
    ...headers,
  },
  // Services differ in how they spell it, and so do their clients.
  body: JSON.stringify({ __type: type, message, Message: message }),
});
