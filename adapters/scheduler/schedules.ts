import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  SchedulerClient,
  UpdateScheduleCommand,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { InvalidInput, ScheduleBusy } from '../../core/errors/request.ts';
import { inParallel } from '../../core/parallel.ts';
import type { Schedules } from '../../core/schedule-ports.ts';
import { nativeNameOf, nativePrefixOf, type Schedule } from '../../core/schedules.ts';
import type { ApiScheduleSettings } from '../../core/settings.ts';
import { makeRequestHandler } from '../request-handler.ts';
import { configuredIn, inputOf, madeByApiIn } from './stored-schedule.ts';

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html */
export const makeSchedulerClient = (): SchedulerClient =>
  new SchedulerClient({ maxAttempts: 5, requestHandler: makeRequestHandler() });

export interface SchedulesAccess {
  readonly client: SchedulerClient;
  readonly settings: ApiScheduleSettings;
}

/** The most that one ListSchedules returns. */
const PAGE = 100;
const READS_AT_ONCE = 16;

/** @throws InvalidInput for what it does not take, ScheduleBusy if another write of the same schedule is under way */
const written = async <T>(name: string, write: () => Promise<T>): Promise<T> => {
  try {
    return await write();
  } catch (error) {
    if (error instanceof ValidationException)
      throw new InvalidInput('EventBridge Scheduler', [error.message], { cause: error });
    if (error instanceof ConflictException) throw new ScheduleBusy(name, { cause: error });
    throw error;
  }
};

const orMissing = async <T>(request: Promise<T>): Promise<T | undefined> => {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

interface NamePage {
  readonly names: readonly string[];
  readonly next?: string;
}

const namesOf = async (
  { client }: SchedulesAccess,
  group: string,
  options: { readonly prefix?: string; readonly limit: number; readonly token?: string },
): Promise<NamePage> => {
  const { Schedules = [], NextToken } = await client.send(
    new ListSchedulesCommand({
      GroupName: group,
      NamePrefix: options.prefix,
      MaxResults: options.limit,
      NextToken: options.token,
    }),
  );
  return {
    names: Schedules.flatMap(({ Name }) => Name ?? []),
    ...(NextToken !== undefined && { next: NextToken }),
  };
};

type Reader = (stored: Parameters<typeof madeByApiIn>[0]) => Schedule | undefined;

/** One that was deleted since it was listed is left out. */
const readAll = async (
  { client }: SchedulesAccess,
  group: string,
  names: readonly string[],
  read: Reader,
): Promise<readonly Schedule[]> => {
  const found = await inParallel(names, READS_AT_ONCE, async (Name) => {
    const stored = await orMissing(client.send(new GetScheduleCommand({ GroupName: group, Name })));
    return stored && read(stored);
  });
  return found.filter((one) => one !== undefined);
};

const byName = (one: Schedule, other: Schedule): number => (one.name < other.name ? -1 : 1);

/** The names in a group, in the pages in which EventBridge Scheduler lists them. */
async function* namePages(
  access: SchedulesAccess,
  group: string,
  prefix?: string,
): AsyncGenerator<readonly string[]> {
  let token: string | undefined;
  do {
    const page = await namesOf(access, group, {
      limit: PAGE,
      ...(prefix !== undefined && { prefix }),
      ...(token !== undefined && { token }),
    });
    yield page.names;
    token = page.next;
  } while (token !== undefined);
}

const listAll = async (
  access: SchedulesAccess,
  group: string,
  read: Reader,
  prefix?: string,
): Promise<readonly Schedule[]> => {
  const found: Schedule[] = [];
  for await (const names of namePages(access, group, prefix))
    found.push(...(await readAll(access, group, names, read)));
  return found.toSorted(byName);
};

const count = async (access: SchedulesAccess, prefix: string): Promise<number> => {
  let total = 0;
  for await (const names of namePages(access, access.settings.group, prefix)) total += names.length;
  return total;
};

/** Position of a page: the group, and EventBridge Scheduler's token in it. */
const CONFIGURED = 'c';
const BY_API = 'a';

const pageOf = async (
  access: SchedulesAccess,
  limit: number,
  position = CONFIGURED,
): ReturnType<Schedules['page']> => {
  const { settings } = access;
  const isConfigured = position.startsWith(CONFIGURED);
  const group = isConfigured ? settings.configuredGroup : settings.group;
  const read = isConfigured ? configuredIn : madeByApiIn;
  const token = position.slice(1);
  const page = await namesOf(access, group, { limit, ...(token && { token }) });
  const items = await readAll(access, group, page.names, read);
  if (page.next !== undefined) return { items, position: `${position.charAt(0)}${page.next}` };
  if (!isConfigured) return { items };
  if (items.length >= limit) return { items, position: BY_API };
  const rest = await pageOf(access, limit - items.length, BY_API);
  return { ...rest, items: [...items, ...rest.items] };
};

export const makeSchedules = (access: SchedulesAccess): Schedules => {
  const { client, settings } = access;
  const { group } = settings;
  const create = (schedule: Schedule) =>
    client.send(new CreateScheduleCommand(inputOf(schedule, settings)));
  const update = (schedule: Schedule) =>
    orMissing(client.send(new UpdateScheduleCommand(inputOf(schedule, settings))));
  return {
    get: async (scope, name) => {
      const [found] = await readAll(access, group, [nativeNameOf(scope, name)], madeByApiIn);
      return found;
    },
    of: (scope) => listAll(access, group, madeByApiIn, nativePrefixOf(scope)),
    count: (scope) => count(access, nativePrefixOf(scope)),
    configured: () => listAll(access, settings.configuredGroup, configuredIn),
    page: ({ limit, position }) => pageOf(access, limit, position),
    put: async (schedule) => {
      await written(schedule.name, async () => {
        if (await update(schedule)) return;
        await create(schedule);
      });
    },
    create: async (schedule) => {
      try {
        await create(schedule);
        return 'created';
      } catch (error) {
        if (error instanceof ConflictException) return 'exists';
        return await written(schedule.name, () => Promise.reject(error));
      }
    },
    removeAll: async (scope) => {
      let removed = 0;
      for await (const names of namePages(access, group, nativePrefixOf(scope))) {
        for (const Name of names) {
          const request = client.send(new DeleteScheduleCommand({ GroupName: group, Name }));
          if (await written(Name, () => orMissing(request))) removed += 1;
        }
      }
      return removed;
    },
    remove: async (scope, name) => {
      const Name = nativeNameOf(scope, name);
      const removed = await written(name, () =>
        orMissing(client.send(new DeleteScheduleCommand({ GroupName: group, Name }))),
      );
      return removed ? 'removed' : 'missing';
    },
  };
};
