import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Admit } from './admission.ts';
import { type Listening, listenOnLoopback } from './loopback.ts';

/**
 * Secrets Manager, only GetSecretValue. It also receives the requests for every service without an emulator: a
 * function that calls one gets a clear refusal and never reaches AWS.
 */
export const startSecrets = (
  secrets: ReadonlyMap<string, string>,
  admit?: Admit,
): Promise<Listening> =>
  listenOnLoopback(
    createServer((request, response) => {
      const send = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(body));
      };
      const target = String(request.headers['x-amz-target'] ?? `${request.method} ${request.url}`);
      text(request)
        .then((body) => {
          if (target !== 'secretsmanager.GetSecretValue') {
            send(501, { __type: 'NotEmulated', message: `${target} has no local emulator` });
            return;
          }
          const { SecretId } = JSON.parse(body) as { SecretId?: string };
          const value = secrets.get(SecretId ?? '');
          if (value === undefined) {
            const message = "Secrets Manager can't find the specified secret.";
            send(400, { __type: 'ResourceNotFoundException', message });
            return;
          }
          send(200, {
            ARN: SecretId,
            Name: SecretId,
            SecretString: value,
            VersionId: '00000000-0000-0000-0000-000000000001',
            VersionStages: ['AWSCURRENT'],
            CreatedDate: 0,
          });
        })
        .catch((error: Error) => send(400, { __type: 'InvalidRequest', message: error.message }));
    }),
    admit,
  );
