import type { RouteSpec } from '../../core/routes.ts';

/**
 * Examples of the OpenAPI document. Those of answers are made from their schemas, so that they cannot disagree: required members, and
 * optional ones that have a value below. Those of bodies are written here.
 */
type BodyName = NonNullable<RouteSpec['body']>;
export type JsonSchema = Readonly<Record<string, unknown>>;
export type Schemas = Readonly<Record<string, JsonSchema>>;

const ID = '01a22da0-6ed5-7679-9dc1-f7f3717acce7';
const TIME = '2026-11-21T02:00:00.000Z';
const BACKUPS = '/projects/acme/backups';

/** Values of members by their names. An optional member is shown only if it is here. */
const VALUES: Readonly<Record<string, unknown>> = {
  id: ID,
  backupId: ID,
  projectId: 'acme',
  projectName: 'Acme Ltd',
  schemaName: 'acme',
  schema: 'acme',
  source: 'main',
  from: 'main',
  sources: ['main'],
  environment: 'production',
  name: 'Nightly backup',
  status: 'completed',
  validation: 'verified',
  trigger: 'scheduled',
  compression: 'zstd',
  schedule: 'nightly',
  timeZone: 'Europe/Berlin',
  days: 30,
  fileId: `backups/acme/20261121T020000000Z-${ID}-1.dump`,
  fileName: 'acme-20261121T020000Z-f7f3717acce7.dump',
  url: 'https://vault.s3.eu-central-1.amazonaws.com/backups/acme/',
  checksum: 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
  sha256: 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
  size: 48_211_377,
  bytes: 48_211_377,
  rowCount: 1_204_331,
  tableCount: 61,
  attempt: 1,
  completedAt: '2026-11-21T02:00:41.000Z',
  expiresAt: '2026-12-21T02:00:00.000Z',
  durationMs: 41_000,
  lastSuccess: undefined,
  self: `${BACKUPS}/${ID}`,
  backup: `${BACKUPS}/${ID}`,
  backups: undefined,
  mode: 'beside',
  into: 'beside',
  openapi: '3.1.0',
  cursor: undefined,
};

const BODIES: Readonly<Partial<Record<BodyName, unknown>>> = {
  BackupRequest: { name: 'before release 42', trigger: 'pre-migration', retentionDays: 14 },
  BackupChange: { name: 'kept for the audit', pinned: true },
  ScheduleRequest: { expression: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' },
  RunRequest: { projects: ['acme', 'globex'] },
  RestoreRequest: { tables: ['orders', 'order_lines'], dryRun: true },
  SwapRequest: { repointDependents: true },
  ElsewhereRequest: { target: 'staging', owners: 'drop' },
  VerifyRequest: { compare: 'rows' },
  RetentionRequest: {
    policy: { generations: { daily: 7, weekly: 12, monthly: 12 }, timeZone: 'Europe/Berlin' },
    dryRun: true,
  },
  EraseRequest: { confirm: 'acme' },
};

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const resolved = (schema: JsonSchema, schemas: Schemas): JsonSchema => {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  return name === undefined ? schema : (schemas[name] ?? {});
};

/** The first member of a union or a list of types, values or forms. */
const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined);

const TEXTS: Readonly<Record<string, string>> = {
  'date-time': TIME,
  date: TIME.slice(0, 10),
  uri: 'https://example.com/',
};

/** Members of VALUES that are times. */
const TIMES: readonly string[] = ['completedAt', 'expiresAt'];

const MOST_DEPTH = 8;

const objectOf = (schema: JsonSchema, schemas: Schemas, depth: number): unknown => {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const members = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const shown = members.filter(([name]) => required.has(name) || VALUES[name] !== undefined);
  const made = shown.map(([name, member]) => [
    name,
    isObject(member) ? sampleOf(member, schemas, name, depth + 1) : null,
  ]);
  return Object.fromEntries(made);
};

/** @param name of the member that has this schema */
const sampleOf = (given: JsonSchema, schemas: Schemas, name: string, depth = 0): unknown => {
  const schema = resolved(given, schemas);
  const known = VALUES[name];
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.includes(known) ? known : schema.enum[0];
  const form = first(schema.anyOf ?? schema.oneOf);
  if (isObject(form)) return sampleOf(form, schemas, name, depth);
  const type = Array.isArray(schema.type) ? first(schema.type) : schema.type;
  if (type === 'object') return depth > MOST_DEPTH ? {} : objectOf(schema, schemas, depth);
  if (type === 'array') {
    if (Array.isArray(known)) return known;
    return name === 'items' && isObject(schema.items)
      ? [sampleOf(schema.items, schemas, '', depth + 1)]
      : [];
  }
  if (type === 'boolean') return name === 'complete';
  if (type === 'integer' || type === 'number') return typeof known === 'number' ? known : 1;
  if (type !== 'string') return {};
  const text = typeof schema.format === 'string' ? TEXTS[schema.format] : undefined;
  if (text !== undefined) return TIMES.includes(name) || name === 'url' ? known : text;
  return typeof known === 'string' ? known : name || 'text';
};

/** An example of an answer. @param schemas those that `$ref` names */
export const exampleOf = (schema: JsonSchema, schemas: Schemas): unknown =>
  sampleOf(schema, schemas, '');

/** An example of a body: every body may be left out. */
export const bodyExample = (name: BodyName): unknown => BODIES[name] ?? {};
