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
  GroupName: z.string().default('default'),
  FlexibleTimeWindow: z.object({ MaximumWindowInMinutes: number.default(0) }),
  Target: z.object({
    Arn: z.string(),
    RoleArn: z.string(),
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

const IGNORED = ['Description', 'KmsKeyArn'];

export const readScheduleGroups = ({ document }: Reading): string[] =>
  ofType(document, 'AWS::Scheduler::ScheduleGroup').map(([id]) => nameOf(document, id));

/** Within a flexible window, AWS chooses when to fire; here a schedule fires at its beginning. */

export const readSchedules = (reading: Reading): LocalSchedule[] =>
  ofType(reading.document, 'AWS::Scheduler::Schedule').map(([id, resource]) => {
    refuseOthers(id, resource, [...Object.keys(shape), ...IGNORED]);
    const found = read(reading, id, resource, shape);
    if (!found.Target.Arn.includes(':lambda:') || found.Target.Arn.includes(':aws-sdk:')) {
      throw new NotEmulated(id, `its target ${found.Target.Arn} is not a Lambda function`);
    }
    const deadLetter = found.Target.DeadLetterConfig?.Arn;
    return {
      id,
      name: found.Name ?? nameOf(reading.document, id),
      group: found.GroupName,
      role: found.Target.RoleArn,
      expression: found.ScheduleExpression,
      timeZone: found.ScheduleExpressionTimezone,
      flexibleMinutes: found.FlexibleTimeWindow.MaximumWindowInMinutes,
      enabled: found.State === 'ENABLED',
      functionName: functionNameOf(found.Target.Arn),
      input: found.Target.Input,
      retries: found.Target.RetryPolicy.MaximumRetryAttempts,
      maximumAge: found.Target.RetryPolicy.MaximumEventAgeInSeconds,
      ...(deadLetter ? { deadLetter } : {}),
    };
  });
