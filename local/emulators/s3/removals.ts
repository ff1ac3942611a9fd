import type { IncomingMessage } from 'node:http';

/** Objects that a DeleteObjects must not delete because its caller may not: by removalId, with the reason. */
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
