import { parse } from '../../core/messages.ts';
import type { Answer, ApiRequest } from './http.ts';
import type { Api } from './ports.ts';
import { showProject } from './public.ts';
import { nextLink, pageQuery } from './queries.ts';
import { registeredProject } from './resolve-project.ts';

/** GET /projects */
export const listProjects = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const query = parse('The request', pageQuery, request.query);
  const { items, cursor } = await api.ports.registry.list(query.limit, query.cursor);
  return {
    status: 200,
    body: { items: items.map((project) => showProject(project, request.base)), cursor },
    ...(cursor && { headers: { link: nextLink(request, `${request.base}/projects`, cursor) } }),
  };
};

/** GET /projects/{projectId} */
export const getProject = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const project = await registeredProject(api, request.params.projectId ?? '');
  return { status: 200, body: showProject(project, request.base) };
};
