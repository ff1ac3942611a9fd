import * as z from 'zod';
import { ENV } from '../../core/contract.ts';
import type { LocalModel } from '../template/model.ts';

/**
 * Functions by purpose, found by the template's wiring and not by their names: `api`, `expire`, `sweep`, `notify`, `bury`, `verify`, `start-runs` if there are
 * schedules, and for each source `plan:<source>`, `discover:<source>`, `export:<source>` and, if it accepts restores, `restore:<source>`.
 */
const routes = z.array(
  z.object({
    source: z.string(),
    exportsQueue: z.string(),
    discoverFunction: z.string(),
    planFunction: z.string(),
    restoresQueue: z.string().optional(),
  }),
);

/** The routes in the parameters that a function's environment names. */
const routesOf = ({ parameters }: LocalModel, names = ''): z.output<typeof routes> =>
  names.split(',').flatMap((name) => routes.parse(JSON.parse(parameters.get(name) ?? '[]')));

const nameOfUrl = (url: string): string => url.split('/').at(-1) ?? url;
const nameOfArn = (arn: string): string => arn.split(':').at(-1) ?? arn;

/** A schedule of the configuration, not one of sweep or bury. */
const isForRuns = (input: string): boolean => 'schedule' in (JSON.parse(input) as object);

export const functionsByRole = (model: LocalModel): ReadonlyMap<string, string> => {
  const roles = new Map<string, string>();
  const consumerOf = (queueName: string): string | undefined =>
    model.queueMappings.find(({ queueArn }) => nameOfArn(queueArn) === queueName)?.functionName;
  const give = (role: string, name: string | undefined): void => {
    if (name !== undefined) roles.set(role, name);
  };

  const api = model.functions.find(({ name }) => name === model.routes[0]?.functionName);
  give('api', api?.name);
  for (const route of routesOf(model, api?.environment[ENV.routes])) {
    give(`plan:${route.source}`, route.planFunction);
    give(`discover:${route.source}`, route.discoverFunction);
    give(`export:${route.source}`, consumerOf(nameOfUrl(route.exportsQueue)));
    if (route.restoresQueue !== undefined)
      give(`restore:${route.source}`, consumerOf(nameOfUrl(route.restoresQueue)));
  }
  give('verify', consumerOf(nameOfUrl(api?.environment[ENV.verificationsQueue] ?? '')));
  give('expire', model.streamMappings[0]?.functionName);
  const withVariable = (variable: string): string | undefined =>
    model.functions.find(({ environment }) => variable in environment)?.name;
  give('notify', withVariable(ENV.notifications));
  give('bury', withVariable(ENV.deadLetters));
  give('sweep', withVariable(ENV.schedules));
  give('start-runs', model.schedules.find(({ input }) => isForRuns(input))?.functionName);
  return roles;
};
