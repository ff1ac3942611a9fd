import { type InvocationType, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, it, vi } from 'vitest';
import { startFunctionsApi } from '../../local/emulators/functions.ts';
import { makeAsynchronous } from '../../local/lambda/asynchronous.ts';
import { CREDENTIALS, REGION } from '../../local/region.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:Tried';

describe("Lambda's Invoke", () => {
  it('answers results, failures, events and unknown functions as AWS does', async () => {
    const sent: unknown[] = [];
    const api = await startFunctionsApi((name) =>
      name === 'Tried'
        ? {
            send: (event) => void sent.push(event),
            invoke: async (event) =>
              event === null
                ? { kind: 'failed', requestId: 'r', failure: { errorType: 'T', errorMessage: 'm' } }
                : { kind: 'ok', requestId: 'r', payload: { got: event } },
          }
        : undefined,
    );
    const client = new LambdaClient({
      endpoint: api.url,
      region: REGION,
      credentials: CREDENTIALS,
    });
    const invoke = async (FunctionName: string, event: unknown, InvocationType: InvocationType) => {
      const Payload = JSON.stringify(event);
      const answer = await client.send(
        new InvokeCommand({ FunctionName, InvocationType, Payload }),
      );
      return { ...answer, text: answer.Payload?.transformToString() };
    };
    try {
      const good = await invoke(ARN, { a: 1 }, 'RequestResponse');
      expect([good.FunctionError, good.text]).toEqual([undefined, '{"got":{"a":1}}']);
      const bad = await invoke('Tried', null, 'RequestResponse');
      expect([bad.FunctionError, bad.text]).toEqual([
        'Unhandled',
        '{"errorType":"T","errorMessage":"m"}',
      ]);
      expect((await invoke('Tried', { b: 2 }, 'Event')).StatusCode).toBe(202);
      expect(sent).toEqual([{ b: 2 }]);
      await expect(invoke('Other', {}, 'Event')).rejects.toThrow('Function not found');
    } finally {
      client.destroy();
      await api.close();
    }
  });
});

describe('an asynchronous invocation', () => {
  it('is tried again after one and two minutes, then sent to its destination with its request', async () => {
    vi.useFakeTimers();
    try {
      const records: string[] = [];
      let tries = 0;
      const asynchronous = makeAsynchronous({
        functionArn: ARN,
        retries: 2,
        maximumAge: 21_600,
        invoke: async () => {
          tries += 1;
          return { kind: 'failed', requestId: 'r', failure: { errorType: 'T', errorMessage: 'm' } };
        },
        onFailure: async (record) => void records.push(record),
        onError: () => undefined,
      });
      asynchronous.send({ asked: true });
      await vi.advanceTimersByTimeAsync(59_000);
      expect(tries).toBe(1);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(tries).toBe(2);
      await vi.advanceTimersByTimeAsync(120_000);
      expect(tries).toBe(3);
      expect(records.map((record) => JSON.parse(record))).toEqual([
        expect.objectContaining({
          requestPayload: { asked: true },
          requestContext: expect.objectContaining({
            condition: 'RetriesExhausted',
            approximateInvokeCount: 3,
          }),
          responsePayload: { errorType: 'T', errorMessage: 'm' },
        }),
      ]);
    } finally {
      vi.useRealTimers();
    }
  });
});
