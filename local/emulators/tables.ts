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

/** At most this long for requests that have not been answered. */
const CLOSING_MS = 5_000;

/**
 * DynamoDB: dynalite, with its tables in a folder, so that the history is kept between starts. It has no TTL and no
 * streams; local/triggers/expiry.ts emulates these.
 *
 * Dynalite throws outside of any handler if a request breaks off half way, as happens when a function is killed. That
 * would end the whole stack, so dynalite receives complete requests only. It also throws if it is closed while it answers a request,
 * so it is closed after that, even if the caller has gone.
 * @param folder undefined keeps the tables in memory
 */
export const startTables = async (
  folder: string | undefined,
  admit?: Admit,
): Promise<Listening> => {
  const noDelay = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };
  const server = dynalite({ ...(folder !== undefined && { path: folder }), ...noDelay });
  const [handle] = server.listeners('request');
  const answering = new Set<Promise<void>>();
  const note = (response: ServerResponse): void => {
    const answered = new Promise<void>((resolve) => {
      const end = response.end.bind(response);
      const ending = (...given: Parameters<typeof end>): ServerResponse => {
        resolve();
        return end(...given);
      };
      Object.assign(response, { end: ending });
    }).finally(() => answering.delete(answered));
    answering.add(answered);
  };
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, headers } = request;
    buffer(request).then(
      (body) => {
        note(response);
        handle?.call(
          server,
          Object.assign(Readable.from([body]), { method, url, headers }),
          response,
        );
      },
      () => response.destroy(),
    );
  });
  const listening = await listenOnLoopback(server, admit);
  return {
    ...listening,
    close: async () => {
      await Promise.race([Promise.all(answering), sleep(CLOSING_MS, undefined, { ref: false })]);
      await listening.close();
    },
  };
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
