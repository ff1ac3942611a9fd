import * as z from 'zod';
import { BACKED_UP, type Backup, iso, STATUSES, TRIGGERS, VALIDATIONS } from '../../core/backup.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { SORTS } from '../../core/history-ports.ts';
import { parse } from '../../core/messages.ts';
import type { Page } from '../../core/ports.ts';
import type { Answer, ApiRequest } from './http.ts';
import type { Api } from './ports.ts';
import { projectPath, showBackup } from './public.ts';
import { cursor, limit, moment, nextLink } from './queries.ts';
import { checkProjectId, requireKnown } from './resolve-project.ts';

const size = z
  .string()
  .regex(/^\d{1,15}$/, 'give a whole number of bytes')
  .transform(Number)
  .exactOptional();

/** Query parameters that both lists of backups have. */
const FILTERS = {
  limit: limit.default(20),
  cursor,
  sort: z.enum(SORTS).default('newest'),
  status: z.enum(STATUSES).exactOptional(),
  type: z.enum(BACKED_UP).exactOptional(),
  trigger: z.enum(TRIGGERS).exactOptional(),
  name: z.string().min(1).max(200).exactOptional(),
  validation: z.enum(VALIDATIONS).exactOptional(),
  minSize: size,
  maxSize: size,
};

const listQuery = z.strictObject({
  ...FILTERS,
  pinned: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .exactOptional(),
  from: moment('T00:00:00.000Z').exactOptional(),
  to: moment('T23:59:59.999Z').exactOptional(),
});

const dayQuery = z.strictObject({
  ...FILTERS,
  day: z.iso.date('give a day such as 2026-11-21').exactOptional(),
});

interface Range {
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly from?: string;
  readonly to?: string;
}

/** @throws InvalidInput if no backup can be within a range */
const checkRanges = ({ minSize = 0, maxSize = Infinity, from = '', to = '9' }: Range): void => {
  const problems = [
    ...(from > to ? ['from: must not be after to'] : []),
    ...(minSize > maxSize ? ['minSize: must not be above maxSize'] : []),
  ];
  if (problems.length) throw new InvalidInput('The request', problems);
};

const answer = (request: ApiRequest, path: string, page: Page<Backup>): Answer => ({
  status: 200,
  body: {
    items: page.items.map((backup) => showBackup(backup, request.base)),
    cursor: page.cursor,
  },
  ...(page.cursor && { headers: { link: nextLink(request, path, page.cursor) } }),
});

/** GET /projects/{projectId}/backups */
export const listBackups = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const projectId = checkProjectId(request.params.projectId ?? '');
  const query = parse('The request', listQuery, request.query);
  checkRanges(query);
  const page = await api.ports.history.list(projectId, query);
  // An unknown project is an error; one without backups has an empty list.
  if (page.items.length === 0 && !query.cursor) await requireKnown(api, projectId);
  return answer(request, projectPath(request.base, projectId), page);
};

/** GET /backups: of all projects, by the UTC day of the request; today, if no day is given. */
export const listBackupsOfDay = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { day, ...query } = parse('The request', dayQuery, request.query);
  checkRanges(query);
  const today = iso(api.ports.clock()).slice(0, 10);
  const page = await api.ports.history.ofDay(day ?? today, query);
  // The next page is of the same day, also after midnight.
  const asked = { ...request, query: { day: today, ...request.query } };
  return answer(asked, `${request.base}/backups`, page);
};
