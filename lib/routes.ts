import type { z } from 'zod';
import type { routeSettings } from '../core/settings.ts';
import type { SourceExports } from './exports.ts';
import type { SourceRestores } from './restores.ts';

/** The addresses of each source's resources, for api and sweep. Defaults are left out, because a parameter is small. */
export const routesOf = (
  sources: readonly SourceExports[],
  restores: readonly SourceRestores[],
): z.input<typeof routeSettings> =>
  sources.map(({ source, requests, discover, plan }) => {
    const taken = restores.find((one) => one.source.name === source.name);
    return {
      source: source.name,
      exportsQueue: requests.queue.queueUrl,
      discoverFunction: discover.lambda.functionName,
      planFunction: plan.lambda.functionName,
      ...(taken && { restoresQueue: taken.requests.queue.queueUrl }),
      ...(source.retention && { retention: source.retention }),
      ...(taken?.settings.from.length && { restoreFrom: taken.settings.from }),
    };
  });
