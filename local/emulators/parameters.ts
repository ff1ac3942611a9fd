import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import type { Admit } from './admission.ts';
import { type Listening, listenOnLoopback } from './loopback.ts';

/** Systems Manager's GetParameters accepts ten names. A name without a parameter is listed as invalid and is no error. */
const request = z.object({ Names: z.array(z.string()).min(1).max(10) });

/**
 * Systems Manager, only GetParameters.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
 * @param parameters values by name
 */
export const startParameters = (
  parameters: ReadonlyMap<string, string>,
  admit?: Admit,
): Promise<Listening> => {
  const answerTo = (target: string, body: string): unknown => {
    if (target !== 'AmazonSSM.GetParameters') throw new Error(`${target} has no local emulator`);
    const names = request.parse(JSON.parse(body)).Names;
    const found = names.flatMap((Name) => {
      const Value = parameters.get(Name);
      return Value === undefined ? [] : [{ Name, Value, Type: 'String', Version: 1 }];
    });
    return {
      Parameters: found,
      InvalidParameters: names.filter((name) => !parameters.has(name)),
    };
  };
  return listenOnLoopback(
    createServer((incoming, response) => {
      const send = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(body));
      };
      text(incoming)
        .then((body) => send(200, answerTo(String(incoming.headers['x-amz-target'] ?? ''), body)))
        .catch((error: Error) =>
          send(400, { __type: 'ValidationException', message: error.message }),
        );
    }),
    admit,
  );
};
