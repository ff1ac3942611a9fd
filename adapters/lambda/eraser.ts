import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { Eraser } from '../../core/erasure-ports.ts';

/** Starts the function that erases projects. */
export const makeEraser = ({
  name,
  client,
}: {
  readonly name: string;
  readonly client: LambdaClient;
}): Eraser => ({
  start: async (projectId) => {
    await client.send(
      new InvokeCommand({
        FunctionName: name,
        InvocationType: 'Event',
        Payload: JSON.stringify({ projectId }),
      }),
    );
  },
});
