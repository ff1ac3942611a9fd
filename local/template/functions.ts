import * as z from 'zod';
import { functionNameOf } from '../emulators/functions.ts';
import { NotEmulated, ofType } from './document.ts';
import type { LocalFunction } from './model.ts';
import { number, type Reading, read } from './properties.ts';
import { nameOf } from './resolve.ts';

const DEFAULTS = { timeoutSeconds: 3, memoryMb: 128, retries: 2, maximumAge: 6 * 3600 } as const;

const shape = {
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Runtime: z.string().regex(/^nodejs/, 'only Node.js functions run here'),
  Timeout: number.default(DEFAULTS.timeoutSeconds),
  MemorySize: number.default(DEFAULTS.memoryMb),
  Environment: z
    .object({ Variables: z.record(z.string(), z.coerce.string()).default({}) })
    .default({ Variables: {} }),
  LoggingConfig: z.object({ LogGroup: z.string().optional() }).default({}),
  Layers: z.array(z.string()).default([]),
  ReservedConcurrentExecutions: number.optional(),
};

const invokeConfig = {
  FunctionName: z.string(),
  MaximumRetryAttempts: number.default(DEFAULTS.retries),
  MaximumEventAgeInSeconds: number.default(DEFAULTS.maximumAge),
  DestinationConfig: z
    .object({ OnFailure: z.object({ Destination: z.string() }).optional() })
    .default({}),
};

export const readFunctions = (reading: Reading): LocalFunction[] => {
  const { document, resolve } = reading;
  const asynchronous = new Map<string, LocalFunction['asynchronous']>();
  for (const [id, resource] of ofType(document, 'AWS::Lambda::EventInvokeConfig')) {
    const found = read(reading, id, resource, invokeConfig);
    const onFailure = found.DestinationConfig.OnFailure?.Destination;
    asynchronous.set(functionNameOf(found.FunctionName), {
      retries: found.MaximumRetryAttempts,
      maximumAge: found.MaximumEventAgeInSeconds,
      ...(onFailure ? { onFailure } : {}),
    });
  }
  return ofType(document, 'AWS::Lambda::Function').map(([id, resource]) => {
    const found = read(reading, id, resource, shape);
    const codeFolder = document.assets.get(found.Code.S3Key);
    if (!codeFolder) throw new NotEmulated(id, `the assets file has no ${found.Code.S3Key}`);
    const name = nameOf(document, id);
    const reserved = found.ReservedConcurrentExecutions;
    return {
      id,
      name,
      arn: String(resolve({ 'Fn::GetAtt': [id, 'Arn'] }, id)),
      codeFolder,
      handler: found.Handler,
      timeoutSeconds: found.Timeout,
      memoryMb: found.MemorySize,
      environment: found.Environment.Variables,
      logGroup: found.LoggingConfig.LogGroup ?? `/aws/lambda/${name}`,
      hasLayers: found.Layers.length > 0,
      ...(reserved === undefined ? {} : { reservedConcurrency: reserved }),
      asynchronous: asynchronous.get(name) ?? {
        retries: DEFAULTS.retries,
        maximumAge: DEFAULTS.maximumAge,
      },
    };
  });
};
