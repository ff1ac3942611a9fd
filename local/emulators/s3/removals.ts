import type { IncomingMessage } from 'node:http';

/** What a DeleteObjects must leave, since its caller may not delete it: by removalId, with why. */
const refused = new WeakMap<IncomingMessage, ReadonlyMap<string, string>>();

export const removalId = (key: string, versionId: string | undefined): string =>
  JSON.stringify([key, versionId ?? null]);

export const noteRefusedRemovals = (
  request: IncomingMessage,
  removals: ReadonlyMap<string, string>,
): void => {
  refused.set(request, removals);
};

export const refusedRemovals = (request: IncomingMessage): ReadonlyMap<string, string> =>
  refused.get(request) ?? new Map();
