import type { Route } from '../core/settings.ts';
import type { SourceExports } from './exports.ts';

/** Where api and sweep find what belongs to each source. */
export const routesOf = (sources: readonly SourceExports[]): Route[] =>
  sources.map(({ source, requests, discover, plan }) => ({
    source: source.name,
    exportsQueue: requests.queue.queueUrl,
    discoverFunction: discover.lambda.functionName,
    planFunction: plan.lambda.functionName,
  }));
