import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { z } from 'zod';
import type { routeSettings } from '../core/settings.ts';
import type { SourceExports } from './exports.ts';
import type { SourceRestores } from './restores.ts';

/** Where api and sweep find what belongs to each source, as JSON. What has a default is left out: an environment is small. */
export const routesOf = (
  scope: Construct,
  sources: readonly SourceExports[],
  restores: readonly SourceRestores[],
): string =>
  Stack.of(scope).toJsonString(
    sources.map(({ source, requests, discover, plan }) => {
      const taken = restores.find((one) => one.source.name === source.name);
      return {
        source: source.name,
        exportsQueue: requests.queue.queueUrl,
        discoverFunction: discover.lambda.functionName,
        planFunction: plan.lambda.functionName,
        ...(taken && { restoresQueue: taken.requests.queue.queueUrl }),
        ...(taken?.settings.from.length && { restoreFrom: taken.settings.from }),
      };
    }) satisfies z.input<typeof routeSettings>,
  );
