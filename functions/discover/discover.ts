import { describeError, isRetryable } from '../../core/errors/base.ts';
import type { DiscoverEvent, DiscoverResult } from '../../core/messages.ts';
import {
  countsOf,
  lookUpProject,
  type RefreshPorts,
  refreshRegistry,
} from '../../core/refresh-registry.ts';

/** Looks a project up, or refreshes the whole registry. A failure is returned, not thrown: the caller needs its name. */
export const discover = async (
  ports: RefreshPorts,
  event: DiscoverEvent,
): Promise<DiscoverResult> => {
  try {
    if (event.projectId === undefined) {
      return { ok: true, kind: 'refresh', counts: countsOf(await refreshRegistry(ports)) };
    }
    const project = await lookUpProject(ports, event.projectId);
    return { ok: true, kind: 'project', project: project ?? null };
  } catch (error) {
    ports.log.error('discovery failed', { error });
    return {
      ok: false,
      kind: 'failure',
      error: { ...describeError(error), retryable: isRetryable(error) },
    };
  }
};
