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
 * DynamoDB: dynalite, with its tables in a folder, so that the history is kept between starts. It has no TTL and no
 * streams; local/triggers/expiry.ts emulates these.
 *
 * Dynalite throws outside of any handler if a request breaks off half way, as happens when a function is killed. That
 * would end the whole stack, so dynalite receives complete requests only.
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

/** Creates a table and returns when it is usable: dynalite answers slightly earlier. */
export const createTable = async (
  client: DynamoDBClient,
  definition: CreateTableCommandInput,
): Promise<void> => {
  await client.send(new CreateTableCommand(definition));
  const asked = new DescribeTableCommand({ TableName: definition.TableName });
  while ((await client.send(asked)).Table?.TableStatus !== 'ACTIVE') await sleep(5);
};
