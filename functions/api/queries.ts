import * as z from 'zod';
import { iso, millis } from '../../core/backup.ts';
import type { ApiRequest } from './http.ts';

/** Query parameters that several routes have. */
export const limit = z
  .string()
  .regex(/^([1-9]\d?|100)$/, 'give a whole number from 1 to 100')
  .transform(Number);

export const cursor = z
  .string()
  .max(2000, 'it is longer than any cursor of this list')
  .exactOptional();

export const pageQuery = z.strictObject({ limit: limit.default(20), cursor });

/** A time in UTC, or a UTC day: as `from` its first millisecond, as `to` its last. */
export const moment = (ofDay: string) => {
  const error = 'give an ISO 8601 time with its offset, such as 2026-11-21T02:00:00Z, or a day';
  const day = z.iso.date({ error }).transform((date) => `${date}${ofDay}`);
  return z
    .union([z.iso.datetime({ offset: true, error }), day], { error })
    .transform((time) => iso(millis(time)));
};

/** The header that names the next page. @param path of the list */
export const nextLink = (request: ApiRequest, path: string, cursorOfNext: string): string => {
  const query = new URLSearchParams({ ...request.query, cursor: cursorOfNext });
  return `<${path}?${query}>; rel="next"`;
};
