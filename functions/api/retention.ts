import * as z from 'zod';
import { parse } from '../../core/messages.ts';
import type { RegisteredProject } from '../../core/project.ts';
import { effectsOf, FATES, type PolicyEffect } from '../../core/retention/change-policy.ts';
import { GENERATIONS } from '../../core/retention/classes.ts';
import { isPolicy, type RetentionPolicy, retentionSettings } from '../../core/retention/policy.ts';
import { retentionRequest } from '../../core/retention/request.ts';
import { type Answer, type ApiRequest, jsonBody } from './http.ts';
import type { Api } from './ports.ts';
import { bytes, time } from './public.ts';
import { retentionOf } from './request-backup.ts';
import { registeredProject } from './resolve-project.ts';

/**
 * Retention of one project. A policy of its own replaces that of its source. Setting or removing it decides again about the backups that
 * exist, so both report first what they would keep and remove (`dryRun`), by the code that then does it.
 */
const effect = z.object({
  id: z.string(),
  createdAt: time,
  fate: z.enum(FATES).meta({
    description:
      '`removed`: its time is over. Kept because it is the `last-good` one, is `pinned`, has `fixed` days, is the first of a week, month or year (`class`), or by its `days`.',
  }),
  generations: z.array(z.enum(GENERATIONS)).optional(),
  size: bytes.optional(),
  expiresBefore: time,
  expiresAfter: time,
});

export const publicRetention = z.object({
  from: z.enum(['project', 'source', 'configuration']).meta({ description: 'Where it is set.' }),
  retention: retentionSettings,
});

export const publicRetentionChange = publicRetention.extend({
  dryRun: z.boolean().meta({ description: 'Nothing was changed.' }),
  kept: z.int(),
  removed: z.int(),
  removedBytes: bytes,
  backups: z.array(effect).meta({ description: 'Newest first.' }),
});

const inherited = ({ settings }: Api, { source }: RegisteredProject) => ({
  from: settings.retentionBySource.has(source) ? ('source' as const) : ('configuration' as const),
  retention: retentionOf(settings, source),
});

/** GET /projects/{projectId}/retention */
export const getRetention = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const project = await registeredProject(api, request.params.projectId ?? '');
  const own = project.retentionPolicy;
  const shown = own ? { from: 'project' as const, retention: own } : inherited(api, project);
  return { status: 200, body: publicRetention.parse(shown) };
};

const isRemoved = ({ fate }: PolicyEffect): boolean => fate === 'removed';

const effectsOn = async (api: Api, { id }: RegisteredProject, policy: RetentionPolicy) => {
  const affected = await api.ports.retentionPolicies.affected(id);
  const sizes = new Map(affected.map(({ backup }) => [backup.id, backup.size ?? 0]));
  const backups = effectsOf(affected, policy, api.ports.clock()).map(({ decision, ...one }) => ({
    ...one,
    size: sizes.get(one.id),
    ...(decision && { generations: decision.generations }),
  }));
  const removed = backups.filter(isRemoved);
  return {
    kept: backups.length - removed.length,
    removed: removed.length,
    removedBytes: removed.reduce((sum, one) => sum + (one.size ?? 0), 0),
    backups,
  };
};

/** PUT /projects/{projectId}/retention */
export const setRetention = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { policy, dryRun = false } = jsonBody(request, retentionRequest);
  const project = await registeredProject(api, request.params.projectId ?? '');
  const effects = await effectsOn(api, project, policy);
  if (!dryRun) await api.ports.retentionPolicies.set(project.id, policy);
  const shown = { from: 'project', retention: policy, dryRun, ...effects };
  return { status: 200, body: publicRetentionChange.parse(shown) };
};

const clearQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'], 'give true or false')
    .default('false')
    .transform((value) => value === 'true'),
});

const NO_EFFECT = { kept: 0, removed: 0, removedBytes: 0, backups: [] } as const;

/**
 * DELETE /projects/{projectId}/retention. If the source has a policy, it decides again about the project's backups. Days by class do not:
 * existing backups then keep their times.
 */
export const clearRetention = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { dryRun } = parse('The request', clearQuery, request.query);
  const project = await registeredProject(api, request.params.projectId ?? '');
  const next = inherited(api, project);
  const { retention } = next;
  const decides = project.retentionPolicy !== undefined && isPolicy(retention);
  const effects = decides ? await effectsOn(api, project, retention) : NO_EFFECT;
  if (!dryRun) {
    if (decides) await api.ports.retentionPolicies.set(project.id, retention);
    await api.ports.retentionPolicies.clear(project.id);
  }
  return { status: 200, body: publicRetentionChange.parse({ ...next, dryRun, ...effects }) };
};
