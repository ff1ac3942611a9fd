import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import dynalite from 'dynalite';
import { type Listening, listenOnLoopback } from './loopback.ts';

/**
 * DynamoDB: dynalite, with its tables in a folder, so that the history outlives a start. It has no TTL and no
 * streams; local/triggers/expiry.ts does what AWS would do there.
 *
 * Dynalite throws out of the event when a request breaks off half way, as those of a killed function do, and would take
 * the whole stack along. So it is given whole requests only.
 */
export const startTables = (folder: string): Promise<Listening> => {
  const server = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const [handle] = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, headers } = request;
    buffer(request).then(
      (body) =>
        handle?.call(
          server,
          Object.assign(Readable.from([body]), { method, url, headers }),
          response,
        ),
      () => response.destroy(),
    );
  });
  return listenOnLoopback(server);
};
