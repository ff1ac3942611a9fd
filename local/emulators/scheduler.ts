import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { isTimeZone } from '../../core/retention/policy.ts';
import { expressionProblems } from '../../core/schedule-expression.ts';
import { ACCOUNT, PARTITION, REGION } from '../region.ts';
import type { LocalSchedule } from '../template/model.ts';
import type { Admit } from './admission.ts';
import { functionNameOf } from './functions.ts';
import { type Listening, listenOnLoopback } from './loopback.ts';

/**
 * EventBridge Scheduler: creating, reading, changing, deleting and listing schedules. What fires them is local/triggers/scheduler.ts.
 * Nothing is kept beyond the run. https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html
 */
const NAME = /^[0-9a-zA-Z_.-]{1,64}$/;

const body = z.looseObject({
  GroupName: z.string().regex(NAME),
  Description: z.string().max(512).optional(),
  ScheduleExpression: z.string().min(1).max(256),
  ScheduleExpressionTimezone: z.string().min(1).max(50).default('UTC'),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  FlexibleTimeWindow: z.discriminatedUnion('Mode', [
    z.looseObject({ Mode: z.literal('OFF') }),
    z.looseObject({
      Mode: z.literal('FLEXIBLE'),
      MaximumWindowInMinutes: z.int().min(1).max(1440),
    }),
  ]),
  Target: z.looseObject({
    Arn: z.string().min(1),
    RoleArn: z.string().min(1),
    Input: z.string().min(1).default('{}'),
    DeadLetterConfig: z.looseObject({ Arn: z.string() }).optional(),
    RetryPolicy: z
      .looseObject({
        MaximumRetryAttempts: z.int().min(0).max(185).default(185),
        MaximumEventAgeInSeconds: z.int().min(60).max(86_400).default(86_400),
      })
      .default({ MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 }),
  }),
});
type Body = z.output<typeof body>;

/** Of one group and name. */
interface Kept {
  readonly name: string;
  readonly body: Body;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly changedAt: number;
}

class Refused extends Error {
  readonly status: number;
  readonly type: string;
  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

const invalid = (message: string): Refused => new Refused(400, 'ValidationException', message);
const missing = (name: string): Refused =>
  new Refused(404, 'ResourceNotFoundException', `Schedule ${name} does not exist.`);

export interface SchedulerOptions {
  /** Groups that exist, with the template's schedules in them. */
  readonly groups: readonly string[];
  readonly schedules: readonly LocalSchedule[];
  /** @throws Error if EventBridge Scheduler may not assume the role for schedules of the group */
  readonly checkRole: (scheduleId: string, roleArn: string, group: string) => void;
  readonly onPut: (schedule: LocalSchedule) => void;
  readonly onDelete: (scheduleId: string) => void;
}

/** Identifies a schedule to the triggers and to the access control. */
const idOf = (group: string, name: string): string => `${group}/${name}`;

const bodyOf = (schedule: LocalSchedule): Body => ({
  GroupName: schedule.group,
  ScheduleExpression: schedule.expression,
  ScheduleExpressionTimezone: schedule.timeZone,
  State: schedule.enabled ? 'ENABLED' : 'DISABLED',
  FlexibleTimeWindow: schedule.flexibleMinutes
    ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: schedule.flexibleMinutes }
    : { Mode: 'OFF' },
  Target: {
    Arn: `arn:${PARTITION}:lambda:${REGION}:${ACCOUNT}:function:${schedule.functionName}`,
    RoleArn: schedule.role,
    Input: schedule.input,
    ...(schedule.deadLetter !== undefined && { DeadLetterConfig: { Arn: schedule.deadLetter } }),
    RetryPolicy: {
      MaximumRetryAttempts: schedule.retries,
      MaximumEventAgeInSeconds: schedule.maximumAge,
    },
  },
});

const scheduleOf = (name: string, given: Body): LocalSchedule => ({
  id: idOf(given.GroupName, name),
  name,
  group: given.GroupName,
  role: given.Target.RoleArn,
  expression: given.ScheduleExpression,
  timeZone: given.ScheduleExpressionTimezone,
  flexibleMinutes:
    given.FlexibleTimeWindow.Mode === 'FLEXIBLE'
      ? given.FlexibleTimeWindow.MaximumWindowInMinutes
      : 0,
  enabled: given.State === 'ENABLED',
  functionName: functionNameOf(given.Target.Arn),
  input: given.Target.Input,
  retries: given.Target.RetryPolicy.MaximumRetryAttempts,
  maximumAge: given.Target.RetryPolicy.MaximumEventAgeInSeconds,
  ...(given.Target.DeadLetterConfig && { deadLetter: given.Target.DeadLetterConfig.Arn }),
});

const arnOf = ({ name, body: { GroupName } }: Kept): string =>
  `arn:${PARTITION}:scheduler:${REGION}:${ACCOUNT}:schedule/${GroupName}/${name}`;

/** Times are seconds in its JSON. */
const datesOf = ({ createdAt, changedAt }: Kept) => ({
  CreationDate: createdAt / 1000,
  LastModificationDate: changedAt / 1000,
});

const checked = (given: string): Body => {
  const { data, error } = body.safeParse(JSON.parse(given));
  if (!data) throw invalid(z.prettifyError(error));
  const [problem] = expressionProblems(data.ScheduleExpression);
  if (problem !== undefined) throw invalid(`Invalid Schedule Expression ${problem}`);
  if (!isTimeZone(data.ScheduleExpressionTimezone))
    throw invalid(`Invalid ScheduleExpressionTimezone: ${data.ScheduleExpressionTimezone}.`);
  return data;
};

const makeBook = (options: SchedulerOptions) => {
  const kept = new Map<string, Kept>();
  const now = Date.now();
  for (const schedule of options.schedules)
    kept.set(idOf(schedule.group, schedule.name), {
      name: schedule.name,
      body: bodyOf(schedule),
      createdAt: now,
      changedAt: now,
    });
  const find = (group: string, name: string): Kept => {
    const found = kept.get(idOf(group, name));
    if (!found) throw missing(name);
    return found;
  };
  const store = (name: string, given: Body, createdAt?: number): Kept => {
    const { GroupName: group } = given;
    if (!options.groups.includes(group))
      throw new Refused(
        404,
        'ResourceNotFoundException',
        `Schedule group ${group} does not exist.`,
      );
    if (!NAME.test(name)) throw invalid(`Invalid name ${name}`);
    try {
      options.checkRole(idOf(group, name), given.Target.RoleArn, group);
    } catch {
      throw invalid(
        'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
      );
    }
    const changedAt = Date.now();
    const one: Kept = { name, body: given, createdAt: createdAt ?? changedAt, changedAt };
    kept.set(idOf(group, name), one);
    options.onPut(scheduleOf(name, given));
    return one;
  };
  return {
    create: (name: string, given: string) => {
      const wanted = checked(given);
      if (kept.has(idOf(wanted.GroupName, name)))
        throw new Refused(409, 'ConflictException', `Schedule ${name} already exists.`);
      return { ScheduleArn: arnOf(store(name, wanted)) };
    },
    update: (name: string, given: string) => {
      const wanted = checked(given);
      const { createdAt } = find(wanted.GroupName, name);
      return { ScheduleArn: arnOf(store(name, wanted, createdAt)) };
    },
    get: (group: string, name: string) => {
      const found = find(group, name);
      return { Name: name, Arn: arnOf(found), ...found.body, ...datesOf(found) };
    },
    remove: (group: string, name: string) => {
      find(group, name);
      kept.delete(idOf(group, name));
      options.onDelete(idOf(group, name));
      return {};
    },
    list: (query: URLSearchParams) => {
      const prefix = query.get('NamePrefix') ?? '';
      const most = Number(query.get('MaxResults') ?? 100);
      const after = Buffer.from(query.get('NextToken') ?? '', 'base64url').toString('utf8');
      const names = [...kept.values()]
        .filter(
          ({ body: given }) => given.GroupName === (query.get('ScheduleGroup') ?? given.GroupName),
        )
        .filter(({ name }) => name.startsWith(prefix) && name > after)
        .toSorted((one, other) => (one.name < other.name ? -1 : 1));
      const shown = names.slice(0, most);
      const last = shown.at(-1);
      return {
        Schedules: shown.map((one) => ({
          Arn: arnOf(one),
          GroupName: one.body.GroupName,
          Name: one.name,
          State: one.body.State,
          Target: { Arn: one.body.Target.Arn },
          ...datesOf(one),
        })),
        ...(last &&
          names.length > most && { NextToken: Buffer.from(last.name).toString('base64url') }),
      };
    },
  };
};

const send = (response: ServerResponse, status: number, given: unknown, type?: string): void => {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(type !== undefined && { 'x-amzn-errortype': type }),
  });
  response.end(JSON.stringify(given));
};

export const startSchedulerApi = (options: SchedulerOptions, admit?: Admit): Promise<Listening> => {
  const book = makeBook(options);
  const answer = (method: string, url: URL, given: string): unknown => {
    const [, name] = /^\/schedules\/([^/]+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (name === undefined) {
      if (method === 'GET' && url.pathname === '/schedules') return book.list(url.searchParams);
    } else {
      const group = url.searchParams.get('groupName') ?? 'default';
      if (method === 'POST') return book.create(name, given);
      if (method === 'PUT') return book.update(name, given);
      if (method === 'GET') return book.get(group, name);
      if (method === 'DELETE') return book.remove(group, name);
    }
    throw new Refused(
      404,
      'ResourceNotFoundException',
      `${method} ${url.pathname} has no local emulator`,
    );
  };
  return listenOnLoopback(
    createServer((request, response) => {
      text(request)
        .then((given) => {
          const url = new URL(request.url ?? '/', 'http://localhost');
          send(response, 200, answer(request.method ?? 'GET', url, given));
        })
        .catch((error: Error) => {
          const { status, type } = error instanceof Refused ? error : invalid(error.message);
          send(response, status, { Message: error.message }, type);
        });
    }),
    admit,
  );
};
