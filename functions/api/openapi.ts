import * as z from 'zod';
import { manifest } from '../../core/manifest.ts';
import { REQUEST_BODIES } from '../../core/requests.ts';
import { ROUTES, type RouteId, type RouteSpec } from '../../core/routes.ts';
import { download } from './backups.ts';
import { bodyExample, exampleOf, type JsonSchema } from './openapi-examples.ts';
import { problemDetails } from './problems.ts';
import { publicBackup, publicProject, publicRun } from './public.ts';
import { publicErasure, publicStatement } from './public-erasures.ts';
import { publicRestore, publicVerification } from './public-jobs.ts';
import { publicSchedule } from './public-schedules.ts';
import { projectStatistics, statistics } from './public-statistics.ts';
import { publicRetention, publicRetentionChange } from './retention.ts';
import { status } from './status.ts';

/** The API as an OpenAPI 3.1 document, made from the routes and from the schemas that check requests and answers. */
const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({
    items: z.array(item),
    cursor: z.string().optional().meta({ description: 'Absent on the last page.' }),
  });

interface Answers {
  readonly status: 200 | 202;
  readonly schema: z.ZodType;
  /** Content type of the answer, JSON if absent. */
  readonly media?: string;
  /** Statuses of problem details that the route may return, besides 400, 404, 429 and 500. */
  readonly problems?: readonly number[];
  readonly extra?: Readonly<Record<string, string>>;
}

/** For requests whose body may be wrong, whose key may be used already, or whose backup may be removed. */
const REFUSALS = [409, 410, 413, 415, 422] as const;
const restoreRequested = { status: 202, schema: publicRestore, problems: REFUSALS } as const;

const schedulePut = {
  status: 200,
  schema: publicSchedule,
  problems: [409, 412, 413, 415, 503],
} as const;
const scheduleDeleted = { status: 200, schema: publicSchedule, problems: [409, 503] } as const;

export const ANSWERS: Readonly<Record<RouteId, Answers>> = {
  health: { status: 200, schema: z.object({ status: z.literal('ok') }) },
  openapi: { status: 200, schema: z.looseObject({ openapi: z.string() }) },
  status: { status: 200, schema: status },
  statistics: { status: 200, schema: statistics },
  metrics: { status: 200, schema: z.string(), media: 'application/openmetrics-text' },
  projectStatistics: { status: 200, schema: projectStatistics, problems: [503] },
  listProjects: { status: 200, schema: pageOf(publicProject) },
  getProject: { status: 200, schema: publicProject, problems: [409, 503] },
  getRetention: { status: 200, schema: publicRetention, problems: [409, 503] },
  setRetention: { status: 200, schema: publicRetentionChange, problems: [409, 413, 415, 503] },
  clearRetention: { status: 200, schema: publicRetentionChange, problems: [409, 503] },
  listBackupsOfDay: { status: 200, schema: pageOf(publicBackup) },
  requestBackup: { status: 202, schema: publicBackup, problems: [409, 413, 415, 422, 503] },
  listBackups: { status: 200, schema: pageOf(publicBackup), problems: [503] },
  getBackup: { status: 200, schema: publicBackup, problems: [503] },
  changeBackup: { status: 200, schema: publicBackup, problems: [409, 410, 413, 415, 503] },
  deleteBackup: {
    status: 200,
    schema: publicBackup,
    problems: [409],
    extra: { 202: 'It is deleted; its objects will be removed' },
  },
  getManifest: {
    status: 200,
    schema: manifest,
    problems: [409, 410],
    extra: { 303: 'Of over 5 MB: a URL that downloads it, good for 15 minutes' },
  },
  downloadBackup: {
    status: 200,
    schema: download,
    problems: [409, 410],
    extra: { 302: 'With redirect=true: the download itself' },
  },
  cancelBackup: {
    status: 202,
    schema: publicBackup,
    problems: [409],
    extra: { 200: 'It is cancelled' },
  },
  restoreGuide: {
    status: 200,
    schema: z.string(),
    media: 'text/markdown',
    problems: [409, 410],
  },
  requestRestore: restoreRequested,
  listRestores: { status: 200, schema: pageOf(publicRestore) },
  getRestore: { status: 200, schema: publicRestore },
  cancelRestore: {
    status: 202,
    schema: publicRestore,
    problems: [409],
    extra: { 200: 'It is cancelled' },
  },
  undoSwap: { status: 202, schema: publicRestore, problems: [409, 422] },
  swapBackup: restoreRequested,
  restoreElsewhere: restoreRequested,
  requestVerification: { status: 202, schema: publicVerification, problems: REFUSALS },
  listVerifications: { status: 200, schema: pageOf(publicVerification) },
  getVerification: { status: 200, schema: publicVerification },
  listRuns: { status: 200, schema: pageOf(publicRun) },
  startRun: { status: 202, schema: publicRun, problems: [413, 415, 422] },
  getRun: { status: 200, schema: publicRun },
  listSchedules: { status: 200, schema: pageOf(publicSchedule), problems: [503] },
  getSharedSchedule: { status: 200, schema: publicSchedule },
  putSharedSchedule: schedulePut,
  deleteSharedSchedule: scheduleDeleted,
  listProjectSchedules: {
    status: 200,
    schema: z.object({ items: z.array(publicSchedule) }),
    problems: [503],
  },
  getSchedule: { status: 200, schema: publicSchedule },
  putSchedule: schedulePut,
  deleteSchedule: scheduleDeleted,
  eraseProject: {
    status: 202,
    schema: publicErasure,
    problems: [409, 413, 415],
    extra: { 200: 'It was erased before' },
  },
  getErasure: { status: 200, schema: publicErasure },
  getErasureStatement: { status: 200, schema: publicStatement, problems: [409] },
};

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  projectId: 'The id as its source has it, percent-encoded.',
  wait: 'Seconds, 1 to 25: the answer comes at the next change, at once if nothing will change any more, and then in any case.',
  days: 'UTC days up to today, 1 to 31; 7 by default, 30 for one project.',
  limit: '1 to 100, 20 by default.',
  cursor: 'The cursor that the page before returned.',
  from: 'Selects by time of creation: an ISO 8601 time or a UTC day, inclusive.',
  to: 'Selects by time of creation: an ISO 8601 time or a UTC day, inclusive.',
  backupId:
    'The id of a backup, or `latest`: the newest completed full backup that no verification found damaged.',
  at: 'Only with `latest`: the newest that had completed at this time, an ISO 8601 time or a UTC day.',
  day: 'A UTC day such as 2026-11-21; today, if it is absent.',
  sort: '`newest` (default) or `oldest` first.',
  name: 'A part of the name; upper and lower case differ.',
  minSize: 'Bytes stored, inclusive.',
  maxSize: 'Bytes stored, inclusive.',
  pinned: '`true` or `false`.',
  force:
    '`true` also deletes a pinned backup, the last good one, and one that is being restored or verified.',
  reason: 'Kept in the record of the deletion.',
  redirect: '`true`: the answer is 302, to the download itself.',
  scheduleName: 'Lower-case letters, digits and "-", 40 at most, beginning with a letter.',
  'If-None-Match': '`*` refuses to replace an existing one (412).',
  'Idempotency-Key':
    'For 24 hours, the same key with the same request returns the same backup, restore, verification or run.',
};

/** Fields may be added to answers. The patterns of times say less than their formats, and fill pages. */
const simplified = ({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void => {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
};

/** Schemas of answers that the document names. */
const NAMED = {
  Backup: publicBackup,
  Project: publicProject,
  Run: publicRun,
  Restore: publicRestore,
  Verification: publicVerification,
  Status: status,
  Statistics: statistics,
  ProjectStatistics: projectStatistics,
  Download: download,
} as const satisfies Readonly<Record<string, z.ZodType>>;
for (const [id, schema] of Object.entries(NAMED)) z.globalRegistry.add(schema, { id });

/** Named schemas are put here, and are referred to by their names. */
type Named = Record<string, JsonSchema>;

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output', named: Named): JsonSchema => {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    ...(io === 'output' && { override: simplified }),
  });
  const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $schema: _, $defs = {}, ...rest } = JSON.parse(text);
  Object.assign(named, $defs);
  return rest;
};

const parametersOf = (route: RouteSpec) => {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const parameter = (where: string, required: boolean) => (name: string) => ({
    name,
    in: where,
    required,
    schema: { type: 'string' },
    ...(DESCRIPTIONS[name] && { description: DESCRIPTIONS[name] }),
  });
  return [
    ...inPath.map(parameter('path', true)),
    ...(route.query ?? []).map(parameter('query', false)),
    ...(route.headers ?? []).map(parameter('header', false)),
  ];
};

const problem = (code: number) => [
  String(code),
  {
    description: 'Problem details, RFC 9457',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  },
];

const operationOf = (route: RouteSpec & { readonly id: RouteId }, named: Named) => {
  const answers = ANSWERS[route.id];
  const schema = jsonSchema(answers.schema, 'output', named);
  return {
    operationId: route.id,
    summary: route.summary,
    parameters: parametersOf(route),
    ...(route.body && {
      requestBody: {
        required: false,
        content: {
          'application/json': {
            schema: { $ref: `#/components/schemas/${route.body}` },
            example: bodyExample(route.body),
          },
        },
      },
    }),
    responses: {
      [answers.status]: {
        description: route.summary,
        content: {
          [answers.media ?? 'application/json']: {
            schema,
            ...(!answers.media && { example: exampleOf(schema, named) }),
          },
        },
      },
      ...Object.fromEntries(
        Object.entries(answers.extra ?? {}).map(([code, description]) => [code, { description }]),
      ),
      ...Object.fromEntries(
        [
          400,
          404,
          // Any project may have been erased.
          ...(route.path.includes('{projectId}') ? [410] : []),
          ...(answers.problems ?? []),
          429,
          500,
        ].map(problem),
      ),
    },
  };
};

/** The document, for an API reached below `base`. */
export const openApi = (base: string): Record<string, unknown> => {
  const named: Named = {
    Problem: jsonSchema(problemDetails, 'output', {}),
    ...Object.fromEntries(
      Object.entries(REQUEST_BODIES).map(([name, schema]) => [
        name,
        jsonSchema(schema, 'input', {}),
      ]),
    ),
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES)
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationOf(route, named),
    };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Larder',
      version: '1',
      description:
        'Backups of the projects of a multi-tenant PostgreSQL. Times are ISO 8601 in UTC, sizes in bytes. Requests are signed with SigV4.',
    },
    servers: [{ url: base || '/' }],
    paths,
    components: {
      schemas: named,
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
      },
    },
    security: [{ sigv4: [] }],
  };
};
