import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import type { Admit } from './admission.ts';
import { type Listening, listenOnLoopback } from './loopback.ts';

/**
 * DynamoDB: dynalite, with its tables in a folder, so that the history outlives a start. It has no TTL and no
 * streams; local/triggers/expiry.ts does what AWS would do there.
 *
 * Dynalite throws out of the event when a request breaks off half way, as those of a killed function do, and would take
 * the whole stack along. So it is given whole requests only.
 */
export const startTables = (folder: string, admit?: Admit): Promise<Listening> => {
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
  return listenOnLoopback(server, admit);
};

/** Creates a table and comes back when it can be used: dynalite answers a moment before that. */
export const createTable = async (
  client: DynamoDBClient,
  definition: CreateTableCommandInput,
): Promise<void> => {
  await client.send(new CreateTableCommand(definition));
  const asked = new DescribeTableCommand({ TableName: definition.TableName });
  while ((await client.send(asked)).Table?.TableStatus !== 'ACTIVE') await sleep(5);
};
