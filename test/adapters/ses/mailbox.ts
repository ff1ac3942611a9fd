import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { SESClient } from '@aws-sdk/client-ses';
import * as z from 'zod';

// Node and vitest do not agree on the default export of this CommonJS package.
const require = createRequire(import.meta.url);
const { default: startSes } = require('aws-ses-v2-local') as typeof import('aws-ses-v2-local');

const store = z.object({
  emails: z.array(
    z.object({
      from: z.string(),
      destination: z.object({ to: z.array(z.string()) }),
      subject: z.string(),
      body: z.object({ html: z.string(), text: z.string() }),
    }),
  ),
});
export type Received = z.infer<typeof store>['emails'][number];

const endpointOf = (server: Server): string => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
};

const clientOf = (endpoint: string): SESClient =>
  new SESClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });

const end = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
};

/** SES's emulator in this process, on a free port of 127.0.0.1. */
export const startMailbox = async () => {
  const server = await startSes({ host: '127.0.0.1', port: 0 });
  if (!server.listening) await once(server, 'listening');
  const endpoint = endpointOf(server);
  const client = clientOf(endpoint);
  return {
    /** For `AWS_ENDPOINT_URL_SES` of a process under test. */
    endpoint,
    client,
    received: async (): Promise<Received[]> =>
      store.parse(await (await fetch(`${endpoint}/store`)).json()).emails,
    clear: async (): Promise<void> => {
      await fetch(`${endpoint}/clear-store`, { method: 'POST' });
    },
    stop: async (): Promise<void> => {
      client.destroy();
      await end(server);
    },
  };
};
export type Mailbox = Awaited<ReturnType<typeof startMailbox>>;

/** An SES that gives one answer to everything, and keeps its requests. */
export const startScriptedSes = async (status: number, answer: string) => {
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        asked.push(new URLSearchParams(body));
        response.writeHead(status, { 'content-type': 'text/xml' }).end(answer);
      },
      (error: Error) => response.destroy(error),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = clientOf(endpointOf(server));
  return {
    client,
    asked,
    stop: async (): Promise<void> => {
      client.destroy();
      await end(server);
    },
  };
};

const NAMESPACE = 'xmlns="http://ses.amazonaws.com/doc/2010-12-01/"';
/** As for an identity that is not verified. */
export const REFUSAL = `<ErrorResponse ${NAMESPACE}><Error><Type>Sender</Type><Code>MessageRejected</Code><Message>Email address is not verified.</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
export const ACCEPTED = `<SendEmailResponse ${NAMESPACE}><SendEmailResult><MessageId>1</MessageId></SendEmailResult></SendEmailResponse>`;
