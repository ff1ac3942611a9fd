import * as z from 'zod';
import { functionNameOf } from '../emulators/functions.ts';
import { NotEmulated, ofType } from './document.ts';
import type { Filters, QueueMapping, StreamMapping } from './model.ts';
import { flag, number, type Reading, read, refuseOthers } from './properties.ts';

/** Event source mappings: an unknown property is an error, because it changes what a function receives. */
const shape = {
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: number.optional(),
  Enabled: flag.default(true),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  ScalingConfig: z.object({ MaximumConcurrency: number }).optional(),
  FilterCriteria: z
    .object({ Filters: z.array(z.object({ Pattern: z.string() })) })
    .default({ Filters: [] }),
  MaximumRetryAttempts: number.default(-1),
  StartingPosition: z.string().optional(),
  BisectBatchOnFunctionError: flag.optional(),
  ParallelizationFactor: number.optional(),
  MaximumBatchingWindowInSeconds: number.optional(),
  MaximumRecordAgeInSeconds: number.optional(),
  DestinationConfig: z
    .object({ OnFailure: z.object({ Destination: z.string() }).optional() })
    .default({}),
};

const IGNORED = ['Tags', 'KmsKeyArn'];
const BATCH = { queue: 10, stream: 100 } as const;

export const readMappings = (
  reading: Reading,
): { readonly queues: QueueMapping[]; readonly streams: StreamMapping[] } => {
  const queues: QueueMapping[] = [];
  const streams: StreamMapping[] = [];
  for (const [id, resource] of ofType(reading.document, 'AWS::Lambda::EventSourceMapping')) {
    refuseOthers(id, resource, [...Object.keys(shape), ...IGNORED]);
    const found = read(reading, id, resource, shape);
    if (!found.Enabled) continue;
    const filters: Filters = found.FilterCriteria.Filters.map(({ Pattern }): unknown =>
      JSON.parse(Pattern),
    );
    const common = {
      id,
      functionName: functionNameOf(found.FunctionName),
      reportsFailures: found.FunctionResponseTypes.length > 0,
      filters,
    };
    const [, , service] = found.EventSourceArn.split(':');
    const onFailure = found.DestinationConfig.OnFailure?.Destination;
    if (service === 'sqs') {
      const atMost = found.ScalingConfig?.MaximumConcurrency;
      queues.push({
        ...common,
        kind: 'queue',
        queueArn: found.EventSourceArn,
        batchSize: found.BatchSize ?? BATCH.queue,
        ...(atMost === undefined ? {} : { maximumConcurrency: atMost }),
      });
    } else if (service === 'dynamodb') {
      streams.push({
        ...common,
        kind: 'stream',
        streamArn: found.EventSourceArn,
        batchSize: found.BatchSize ?? BATCH.stream,
        retries: found.MaximumRetryAttempts,
        ...(onFailure ? { onFailure } : {}),
      });
    } else {
      throw new NotEmulated(id, `events of ${service} are not delivered here`);
    }
  }
  return { queues, streams };
};
