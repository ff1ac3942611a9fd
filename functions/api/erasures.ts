import { iso } from '../../core/backup.ts';
import { ERASED, type Erasure, eraseRequest, NOTHING_REMOVED } from '../../core/erasure.ts';
import {
  ErasureNotCompleted,
  InvalidInput,
  ProjectNotErased,
  ProjectNotFound,
  ProjectStillListed,
} from '../../core/errors/request.ts';
import { GONE } from '../../core/project.ts';
import { type Answer, type ApiRequest, jsonBody } from './http.ts';
import type { Api } from './ports.ts';
import { erasurePath, publicStatement, showErasure } from './public-erasures.ts';
import { checkProjectId } from './resolve-project.ts';

const projectIn = ({ params }: ApiRequest): string => checkProjectId(params.projectId ?? '');

/** A project that its source lists is not erased by mistake; one that nothing knows is a mistake in the id. */
const checkProject = async (
  { ports }: Api,
  projectId: string,
  acceptListed: boolean,
): Promise<void> => {
  const known = await ports.registry.get(projectId);
  if (!known) {
    const { items } = await ports.history.list(projectId, { limit: 1 });
    if (items.length === 0) throw new ProjectNotFound(projectId);
    return;
  }
  if (known.status !== GONE && known.status !== ERASED && !acceptListed)
    throw new ProjectStillListed(projectId, known.source);
};

const found = async ({ ports }: Api, projectId: string): Promise<Erasure> => {
  const erasure = await ports.erasures.get(projectId);
  if (!erasure) throw new ProjectNotErased(projectId);
  return erasure;
};

/**
 * POST /projects/{projectId}/erase. The row is written first: from then on nothing of the project begins. The same request again answers
 * the same. If starting the function fails, the answer is still 202, because sweep starts it.
 */
export const eraseProject = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { ports } = api;
  const projectId = projectIn(request);
  const { confirm, acceptListed } = jsonBody(request, eraseRequest);
  if (confirm !== projectId)
    throw new InvalidInput('The body', ['confirm: give the id of the project in the path']);
  await checkProject(api, projectId, acceptListed);
  const { erasure } = await ports.erasures.begin({
    projectId,
    requestedAt: iso(ports.clock()),
    ...(request.caller !== undefined && { requestedBy: request.caller }),
    status: 'in-progress',
    waitingFor: 0,
    removed: NOTHING_REMOVED,
  });
  if (erasure.status === 'in-progress') {
    try {
      await ports.eraser.start(projectId);
    } catch (error) {
      ports.log.error('erasing could not be started; sweep starts it', { projectId, error });
    }
  }
  return {
    status: erasure.status === 'completed' ? 200 : 202,
    body: showErasure(erasure, request.base),
    headers: { location: erasurePath(request.base, projectId) },
  };
};

/** GET /projects/{projectId}/erase */
export const getErasure = async (api: Api, request: ApiRequest): Promise<Answer> => ({
  status: 200,
  body: showErasure(await found(api, projectIn(request)), request.base),
});

/** GET /projects/{projectId}/erase/statement */
export const getErasureStatement = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { projectId, statement } = await found(api, projectIn(request));
  if (!statement) throw new ErasureNotCompleted(projectId);
  const { text, signature } = statement;
  return { status: 200, body: publicStatement.parse({ statement: text, signature }) };
};
