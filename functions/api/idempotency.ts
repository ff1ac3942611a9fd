import { InvalidInput } from '../../core/errors/request.ts';
import { sha256Hex, uuidv7 } from '../../core/ids.ts';
import type { ApiRequest } from './http.ts';
import type { Api } from './ports.ts';

/** Printable ASCII, as an HTTP header can carry it. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * An id for a request: a new one, or under an Idempotency-Key the id that the same request got
 * within the last 24 hours. Its time is the time of the first request.
 * @throws IdempotencyConflict if the key came with another request
 */
export const stableId = async (
  { ports }: Api,
  request: ApiRequest,
  scope: string,
  asked: unknown,
): Promise<string> => {
  const id = uuidv7(ports.clock());
  const key = request.headers['idempotency-key'];
  if (key === undefined) return id;
  if (!KEY.test(key)) {
    throw new InvalidInput('The request', [
      'Idempotency-Key: use 1 to 255 printable ASCII characters without spaces',
    ]);
  }
  return await ports.history.remember(scope, key, sha256Hex(JSON.stringify(asked)), id);
};
