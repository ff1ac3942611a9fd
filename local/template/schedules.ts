import * as z from 'zod';
import { functionNameOf } from '../emulators/functions.ts';
import { NotEmulated, ofType } from './document.ts';
import type { LocalSchedule } from './model.ts';
import { number, type Reading, read, refuseOthers } from './properties.ts';
import { nameOf } from './resolve.ts';

const shape = {
  Name: z.string().optional(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().default('UTC'),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Target: z.object({
    Arn: z.string(),
    Input: z.string().default('{}'),
    RetryPolicy: z
      .object({
        MaximumRetryAttempts: number.default(185),
        MaximumEventAgeInSeconds: number.default(86_400),
      })
      .default({ MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 }),
    DeadLetterConfig: z.object({ Arn: z.string() }).optional(),
  }),
};

/** Within a flexible window, AWS chooses when to fire; here a schedule fires at its beginning. */
const IGNORED = ['Description', 'FlexibleTimeWindow', 'GroupName', 'KmsKeyArn'];

export const readSchedules = (reading: Reading): LocalSchedule[] =>
  ofType(reading.document, 'AWS::Scheduler::Schedule').map(([id, resource]) => {
    refuseOthers(id, resource, [...Object.keys(shape), ...IGNORED]);
    // The role that invokes the target is not used here, so it is not resolved.
    const { RoleArn: _role, ...target } = resource.Properties.Target as Record<string, unknown>;
    const properties = { ...resource.Properties, Target: target };
    const found = read(reading, id, { ...resource, Properties: properties }, shape);
    if (!found.Target.Arn.includes(':lambda:') || found.Target.Arn.includes(':aws-sdk:')) {
      throw new NotEmulated(id, `its target ${found.Target.Arn} is not a Lambda function`);
    }
    const deadLetter = found.Target.DeadLetterConfig?.Arn;
    return {
      id,
      name: found.Name ?? nameOf(reading.document, id),
      expression: found.ScheduleExpression,
      timeZone: found.ScheduleExpressionTimezone,
      enabled: found.State === 'ENABLED',
      functionName: functionNameOf(found.Target.Arn),
      input: found.Target.Input,
      retries: found.Target.RetryPolicy.MaximumRetryAttempts,
      maximumAge: found.Target.RetryPolicy.MaximumEventAgeInSeconds,
      ...(deadLetter ? { deadLetter } : {}),
    };
  });
