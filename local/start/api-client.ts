import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { encodePart } from '../../core/keys.ts';

/** The API as the start itself uses it, over HTTP like any other client: it shows what every client sees. */
const verification = z.looseObject({
  id: z.string(),
  status: z.string(),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
  result: z
    .looseObject({
      verdict: z.string(),
      why: z.string().optional(),
      differences: z.array(z.string()),
      differenceCount: z.number(),
    })
    .optional(),
});
export type ShownVerification = z.infer<typeof verification>;

const backup = z.looseObject({
  id: z.string(),
  projectId: z.string(),
  status: z.string(),
  validation: z.string().optional(),
  size: z.number().optional(),
  tableCount: z.number().optional(),
  rowCount: z.number().optional(),
  durationMs: z.number().optional(),
  fileId: z.string().optional(),
  attempt: z.number().optional(),
  retryAt: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
  progress: z
    .object({
      tablesDone: z.number(),
      tablesTotal: z.number(),
      bytes: z.number(),
      bytesPerSecond: z.number(),
    })
    .optional(),
});
export type ShownBackup = z.infer<typeof backup>;

const run = z.looseObject({
  id: z.string(),
  schedule: z.string(),
  scheduledAt: z.string(),
  sources: z.array(z.string()),
  mailedAt: z.string().optional(),
  parts: z.record(
    z.string(),
    z.looseObject({
      planned: z.number(),
      skippedCount: z.number(),
      skipped: z.array(z.object({ projectId: z.string(), why: z.string() })),
      error: z.object({ name: z.string(), message: z.string() }).optional(),
    }),
  ),
  counts: z
    .object({ planned: z.number(), pending: z.number(), 'in-progress': z.number() })
    .loose()
    .optional(),
});
export type ShownRun = z.infer<typeof run>;

const project = z.looseObject({ id: z.string(), name: z.string(), status: z.string() });
export type ShownProject = z.infer<typeof project>;

const projectPage = z.object({ items: z.array(project), cursor: z.string().nullish() });
const status = z.looseObject({ running: z.array(backup) });

export interface ApiClient {
  /** Undefined until planning has written it. */
  run(id: string): Promise<ShownRun | undefined>;
  running(): Promise<readonly ShownBackup[]>;
  projects(): Promise<readonly ShownProject[]>;
  backup(projectId: string, backupId: string): Promise<ShownBackup | undefined>;
  /** Requests a verification. @throws Error with the API's own message if it refuses */
  verify(projectId: string, backupId: string): Promise<ShownVerification>;
  verification(
    projectId: string,
    backupId: string,
    id: string,
  ): Promise<ShownVerification | undefined>;
}

export const pathOfBackups = (projectId: string): string =>
  `/projects/${encodePart(projectId)}/backups`;

/** A read is retried for about a minute if the API is too busy to answer. */
const TRIES = 30;
const AGAIN_MS = 2_000;
const isPassing = (status: number): boolean => status === 429 || status >= 500;

interface Answered {
  readonly status: number;
  readonly ok: boolean;
  readonly body: unknown;
}

export const makeApiClient = (apiUrl: string, token: string, againMs = AGAIN_MS): ApiClient => {
  const ask = async (method: 'GET' | 'POST', path: string): Promise<Answered> => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${apiUrl}${path}`, { method, headers });
    const body: unknown = await response.json().catch(() => ({}));
    return { status: response.status, ok: response.ok, body };
  };
  const call = async (method: 'GET' | 'POST', path: string): Promise<Answered> => {
    let response = await ask(method, path);
    for (
      let tries = 1;
      method === 'GET' && isPassing(response.status) && tries < TRIES;
      tries += 1
    ) {
      await wait(againMs);
      response = await ask(method, path);
    }
    const { body } = response;
    if (!response.ok && response.status !== 404) {
      const { detail = `HTTP ${response.status}` } = body as { detail?: string };
      throw new Error(`The API answered ${method} ${path} with: ${detail}`);
    }
    return response;
  };
  const get = async <S extends z.ZodType>(
    path: string,
    schema: S,
  ): Promise<z.output<S> | undefined> => {
    const { status: answered, body } = await call('GET', path);
    return answered === 404 ? undefined : schema.parse(body);
  };
  return {
    run: (id) => get(`/runs/${id}`, run),
    running: async () => (await get('/status', status))?.running ?? [],
    backup: (projectId, backupId) => get(`${pathOfBackups(projectId)}/${backupId}`, backup),
    verify: async (projectId, backupId) => {
      const { body } = await call('POST', `${pathOfBackups(projectId)}/${backupId}/verify`);
      return verification.parse(body);
    },
    verification: (projectId, backupId, id) =>
      get(`${pathOfBackups(projectId)}/${backupId}/verifications/${id}`, verification),
    projects: async () => {
      const all: ShownProject[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const query: URLSearchParams = new URLSearchParams({
          limit: '100',
          ...(cursor ? { cursor } : {}),
        });
        const page: z.output<typeof projectPage> | undefined = await get(
          `/projects?${query}`,
          projectPage,
        );
        all.push(...(page?.items ?? []));
        cursor = page?.cursor ?? undefined;
      }
      return all;
    },
  };
};
