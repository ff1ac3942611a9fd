import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SourceUnreachable } from '../../core/errors/source.ts';
import { FailedElsewhere } from '../../core/errors/work.ts';
import { discoverResult, parseJson } from '../../core/messages.ts';
import type { Route } from '../../core/settings.ts';
import type { SourceFunctions } from '../../core/source-ports.ts';
import { makeRequestHandler } from '../request-handler.ts';

/** How long to wait for discover's answer: longer than the API itself searches for a project. */
const INVOKE_MS = 25_000;

export const makeInvokeClient = (): LambdaClient =>
  new LambdaClient({ requestHandler: makeRequestHandler(INVOKE_MS) });

/** The functions in a source's network, called through Lambda: no other function reaches the source. */
export const makeSourceFunctions = (access: {
  readonly routes: readonly Route[];
  readonly client: LambdaClient;
}): SourceFunctions => {
  const routeOf = (source: string): Route => {
    const route = access.routes.find((candidate) => candidate.source === source);
    if (!route) {
      throw new SourceUnreachable(source, 'the configuration no longer has a source of that name');
    }
    return route;
  };

  return {
    lookUp: async (source, projectId, abortSignal) => {
      const answer = await access.client.send(
        new InvokeCommand({
          FunctionName: routeOf(source).discoverFunction,
          InvocationType: 'RequestResponse',
          Payload: JSON.stringify({ projectId }),
        }),
        { ...(abortSignal && { abortSignal }) },
      );
      // A failure of the source is returned as a value. Here the function itself failed: it ran out of time or memory.
      if (answer.FunctionError) {
        throw new SourceUnreachable(
          source,
          `its discover function ended without an answer (${answer.FunctionError}); its log says why`,
        );
      }
      const payload = Buffer.from(answer.Payload ?? []).toString('utf8');
      const result = parseJson('The answer of discover', discoverResult, payload);
      if (!result.ok) throw new FailedElsewhere(result.error);
      return result.kind === 'project' ? (result.project ?? undefined) : undefined;
    },

    startPlan: async (source, event) => {
      await access.client.send(
        new InvokeCommand({
          FunctionName: routeOf(source).planFunction,
          InvocationType: 'Event',
          Payload: JSON.stringify(event),
        }),
      );
    },
  };
};
