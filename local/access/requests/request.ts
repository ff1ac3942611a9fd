import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import * as z from 'zod';
import type { Reply } from '../../emulators/admission.ts';
import { ACCOUNT, PARTITION, REGION } from '../../region.ts';
import type { Given } from '../condition-keys.ts';

/** A request to an emulator. */
export interface WireRequest {
  readonly method: string;
  /** The path as sent, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Empty if the service's permissions do not depend on it. */
  readonly body: string;
}

/** One permission that a request needs: all of them must be allowed. */
export interface Check {
  readonly action: string;
  /** ARN, or `*` for an action that takes none. */
  readonly resource: string;
  /** Values of the service's condition keys. Keys that the action does not have are ignored. */
  readonly keys?: Readonly<Record<string, Given>>;
}

/** Further facts that the permissions depend on. */
export interface Facts {
  /** ARN of the key that encrypts a bucket's objects. */
  keyOfBucket(bucket: string): string | undefined;
  hasObject(bucket: string, key: string): boolean;
  /** Name of the partition key of a table, or of one of its indexes. */
  partitionKeyOf(table: string, index: string | undefined): string | undefined;
}

/** How the requests of one service are read and refused. */
export interface ServiceRequests {
  needsBody(request: Omit<WireRequest, 'body'>): boolean;
  /** @throws NotMapped for an unknown operation */
  checksOf(request: WireRequest, facts: Facts): readonly Check[];
  /** For an operation whose parts are allowed or refused one by one. */
  readonly parts?: {
    of(request: WireRequest): readonly Part[];
    /** Records the refused parts with their reasons, for the emulator that handles the request. */
    note(request: IncomingMessage, refused: ReadonlyMap<string, string>): void;
  };
  /** AccessDenied in the service's own format. */
  refusal(request: WireRequest, message: string): Reply;
}

export interface Part {
  readonly id: string;
  readonly check: Check;
}

/** No permissions are defined for the operation, so it is refused. */
export class NotMapped extends Error {
  constructor(operation: string) {
    super(`local/access does not know which permissions ${operation} needs`);
    this.name = 'NotMapped';
  }
}

export const arnOf = (service: string, resource: string): string =>
  `arn:${PARTITION}:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** The operation of a service with a JSON protocol, from `AmazonSQS.SendMessage`. */
export const operationOf = ({ headers }: WireRequest): string =>
  String(headers['x-amz-target'] ?? '')
    .split('.')
    .at(-1) ?? '';

/** A JSON body. @throws NotMapped if it has another shape */
export const parseBody = <S extends z.ZodType>(request: WireRequest, shape: S): z.output<S> => {
  let given: unknown;
  try {
    given = JSON.parse(request.body);
  } catch {
    throw new NotMapped(`${operationOf(request)} with a body that is not JSON`);
  }
  const { data, error } = shape.safeParse(given);
  if (error) throw new NotMapped(`${operationOf(request)}: ${z.prettifyError(error)}`);
  return data;
};

/** AccessDenied of a service with a JSON protocol. */
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
  // Services and their clients spell it differently.
  body: JSON.stringify({ __type: type, message, Message: message }),
});
