import * as z from 'zod';
import { COMPRESSIONS, CONTENTS, FORMATS, TRIGGERS, TYPES } from './backup.ts';
import { ENGINES } from './engine.ts';
import { objectState } from './manifest-states.ts';
import { RETENTION_CLASSES } from './retention/classes.ts';
import { retentionPolicy } from './retention/policy.ts';

/**
 * The JSON object beside each backup that describes its content. The history can be
 * rebuilt from the manifests in the vault alone. Readers must accept unknown members; `version` grows when one changes meaning.
 */
export const MANIFEST_VERSION = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A table's rows in an archive that the engine wrote. */
const copied = z.looseObject({
  /** Of the text that COPY gave: see `adapters/postgres/session/copy-settings.ts`. Equal in two backups if the rows and their order are. */
  sha256,
  /** Of that text. */
  bytes: z.int().nonnegative(),
  /** First byte of its block in the object, and the block's length. */
  at: z.int().nonnegative(),
  length: z.int().positive(),
  /** Whether the restored table's text has the same digest: see `adapters/postgres/catalog/comparable-text.ts`. */
  comparable: z.boolean(),
});

const table = z.looseObject({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'partitioned', 'partition', 'foreign', 'unlogged', 'materialized-view']),
  /** Exact, in the dump's snapshot; null if the backup holds no rows of it. */
  rows: z.int().nonnegative().nullable(),
  /** True for a materialized view that is filled, but whose rows could not be counted: see `adapters/postgres/counting/counting-methods.ts`. */
  uncounted: z.boolean().optional(),
  /** Bytes on the server: heap, TOAST and indexes. */
  bytes: z.int().nonnegative(),
  /** An order-independent hash of the rows' text, if it was requested: see `adapters/postgres/row-hash.ts`. */
  rowHash: z.string().optional(),
  /** What the engine wrote of its rows; absent if pg_dump wrote the backup, and in older manifests. */
  copied: copied.optional(),
  /**
   * Full name of a partitioned table whose rows a restore distributes over its partitions again (partitions by the hash of an enum). Only
   * the total of all its partitions is comparable.
   */
  dividedUnder: z.string().optional(),
  /**
   * A partition whose DETACH CONCURRENTLY was begun and not finished: queries of its parent no longer see its rows. pg_dump writes it
   * attached; a restore leaves it detached.
   */
  detachPending: z.boolean().optional(),
});

const sequence = z.looseObject({
  schema: z.string(),
  name: z.string(),
  value: z.string(),
  called: z.boolean(),
});
const named = z.looseObject({ schema: z.string(), name: z.string() });
const stored = z.looseObject({
  key: z.string(),
  bytes: z.int().positive(),
  sha256,
});

const outside = z.looseObject({
  /** Such as `extension`, `table`, `function`, `type`, `role`, `schema`. */
  kind: z.string(),
  /** Its full name as SQL writes it. */
  name: z.string(),
  /** Objects of the schema that need it, at most 20. */
  neededBy: z.array(z.string()),
});

const leftOut = z.looseObject({
  /** Such as `cast`, `event trigger`, `publication`. */
  kind: z.string(),
  /** Its full name as SQL writes it. */
  name: z.string(),
  /** Objects of the schema that it belongs to, at most 20. */
  belongsTo: z.array(z.string()),
});

const definition = z.looseObject({
  /** Such as `table`, `index`, `constraint`. */
  kind: z.string(),
  /** Its full name as SQL writes it. */
  name: z.string(),
  /** Of its definition; comparable between servers of one major. See `adapters/postgres/catalog/definitions/definitions.ts`. */
  digest: z.string(),
  /** Digest of its owner and its grants, if it has any. */
  access: z.string().optional(),
});

/** Which operators from outside pg_catalog an object's expressions are bound to. */
const operatorBinding = z.looseObject({
  /** `view`, `rule`, `column` (its default, or what it is generated as), `constraint`, `index`, `trigger`, `policy`, `statistics`, `function`, `type`, `table`. */
  kind: z.string(),
  /** Its full name as SQL writes it. */
  name: z.string(),
  /** The object that a creating statement names: the table of an index, or the object itself. */
  of: named,
  operators: z.array(
    z.looseObject({
      /** With its operands' types, as SQL writes it. */
      name: z.string(),
      schema: z.string(),
      /** How often the expressions use it. */
      times: z.int().positive(),
    }),
  ),
  /** Functions from outside pg_catalog, with their arguments, as SQL writes them. */
  functions: z.array(z.string()),
  /** The definition's text does not name the schemas of all these operators: PostgreSQL looks for them on the search_path. */
  unqualified: z.boolean(),
});

const standIn = z.looseObject({
  kind: z.string(),
  /** As in `outside`. */
  name: z.string(),
  /** Its schema; null if it is in none, such as a server. For an extension, the schema of its objects. */
  schema: z.string().nullable(),
  /** Creates an object with its name and form, without its behavior or content. */
  sql: z.string(),
});

const extension = z.looseObject({ name: z.string(), version: z.string(), schema: z.string() });

const setting = z.looseObject({ name: z.string(), value: z.string() });

const reachingFunction = z.looseObject({
  /** With its arguments, as SQL writes it, without its schema. */
  name: z.string(),
  /** Schemas outside of the backup that its text names. */
  schemas: z.array(z.string()),
  /** Tables whose checks, generated columns or indexes call it. */
  tables: z.array(named),
});

const extensionRows = z.looseObject({
  schema: z.string(),
  name: z.string(),
  extension: z.string(),
});

const signature = z.looseObject({
  /** As KMS names it. */
  algorithm: z.string(),
  /** ARN of the key. */
  keyId: z.string(),
  /** Base64. */
  mac: z.string(),
});

const atRisk = z.looseObject({
  /** A check, as SQL writes it: `positive on acme.orders`. */
  name: z.string(),
  /** `changing`: it calls a function whose result changes, such as now(); `reading`: it calls a function that may read tables. */
  reason: z.enum(['changing', 'reading']),
});

export const SUPERUSER_KINDS = [
  'type',
  'function',
  'procedure',
  'aggregate',
  'operator class',
  'operator family',
  'text search parser',
  'text search template',
] as const;

const superuserObject = z.looseObject({
  kind: z.enum(SUPERUSER_KINDS),
  schema: z.string(),
  /** Without arguments. */
  name: z.string(),
  /** For a type: tables of the backup that have a column of it, or of a type made of it. */
  tables: z.array(named).optional(),
});

export const manifest = z.looseObject({
  version: z.literal(MANIFEST_VERSION),
  backup: z.looseObject({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    type: z.enum(TYPES),
    trigger: z.enum(TRIGGERS),
    retentionClass: z.enum(RETENTION_CLASSES),
    runId: z.string().optional(),
    attempt: z.int().positive(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime(),
    /** When it was exported. Under a policy, the row of the history has the final time and class. */
    expiresAt: z.iso.datetime(),
    /** Absent if class and `expiresAt` were fixed when the backup was requested. */
    retentionPolicy: retentionPolicy.optional(),
    /** The request named the days that it is kept. */
    fixedRetention: z.literal(true).optional(),
  }),
  environment: z.string(),
  project: z.looseObject({
    id: z.string(),
    name: z.string(),
    schemaName: z.string(),
    /** All schemas of the backup, if a source's shared ones were exported together. */
    schemas: z.array(z.string()).min(1).optional(),
  }),
  source: z.looseObject({
    name: z.string(),
    database: z.string(),
    serverVersion: z.string(),
    encoding: z.string(),
    collation: z.string(),
    /** The database's own text rules (LC_CTYPE), as its row in pg_database has them; absent in manifests written before they were read. */
    characters: z.string().optional(),
    /** `c` of the operating system, `i` of ICU, `b` of PostgreSQL itself. */
    localeProvider: z.string().optional(),
    /** For `i` and `b`. */
    locale: z.string().nullish(),
    icuRules: z.string().nullish(),
    /** Version of the library that sorts. */
    collationVersion: z.string().nullish(),
  }),
  /** `engine` wrote the object; absent in manifests from before there was another than pg_dump. */
  tool: z.looseObject({
    larder: z.string(),
    pgDump: z.string(),
    engine: z.enum(ENGINES).optional(),
  }),
  options: z.looseObject({
    content: z.enum(CONTENTS),
    format: z.enum(FORMATS),
    compression: z.enum(COMPRESSIONS),
  }),
  object: stored.extend({
    /** The first bytes of an archive that the engine wrote, up to its first row: they can be checked without the rest. */
    contents: z.looseObject({ bytes: z.int().positive(), sha256 }).optional(),
  }),
  /** Roles and their memberships, beside a backup of shared schemas. */
  globals: stored.optional(),
  tables: z.array(table),
  sequences: z.array(sequence),
  views: z.array(named),
  functions: z.array(named),
  types: z.array(named),
  triggers: z.array(named),
  policies: z.array(named),
  extensions: z.array(extension),
  /** All of the database's: a function's text may name one that no catalog shows. Absent in manifests written before they were read, as are the next two. */
  databaseExtensions: z.array(extension).optional(),
  /** Of the database, for no single role: settings that influence text and time, and custom settings that the schema's definitions name. */
  databaseSettings: z.array(setting).optional(),
  /** Functions that stored objects need and whose text names other schemas. */
  reachingFunctions: z.array(reachingFunction).optional(),
  roles: z.array(z.string()),
  outside: z.array(outside),
  /** Tables and sequences of extensions whose rows and values are in the backup without their definition; absent in manifests written before they were read. */
  extensionRows: z.array(extensionRows).optional(),
  /** What belongs to the schema's objects but is in no dump of a schema; absent in manifests written before it was read. */
  leftOut: z.array(leftOut).optional(),
  /** Every object of the schema; absent if they could not be read, and in manifests written before they were. */
  definitions: z.array(definition).optional(),
  /** Objects bound to operators from outside pg_catalog; absent like `definitions`, and in manifests written before they were read. */
  operatorBindings: z.array(operatorBinding).optional(),
  /** Replacements for outside objects and for their own needs, for a verification; absent like `definitions`. */
  standIns: z.array(standIn).optional(),
  /** Checks that the rows may violate in a restore; absent in older manifests. */
  atRisk: z.array(atRisk).optional(),
  /** Objects whose state a restore does not restore, or that rows may violate; absent if there are none, and in manifests written before they were read. */
  states: z.array(objectState).optional(),
  /** Objects that only a superuser may create, one entry for each; absent in manifests written before they were read. */
  superuserObjects: z.array(superuserObject).optional(),
  warnings: z.array(z.string()),
  /** Number of warnings, the first ones, about content that the previous backup had and this one lacks. Absent if there are none. */
  anomalyCount: z.int().positive().optional(),
  timings: z.looseObject({
    snapshotAt: z.iso.datetime(),
    dumpMs: z.number(),
    countMs: z.number(),
    totalMs: z.number(),
  }),
  /** Signature and its key: see core/manifest-signature.ts. Absent in manifests from before signatures. */
  signature: signature.optional(),
});

/** Identifies a table among those of several schemas, whatever characters the names contain. */
export const tableKey = (schema: string, name: string): string => JSON.stringify([schema, name]);

/** The schemas that a backup holds. */
export const schemasIn = ({ project }: Pick<Manifest, 'project'>): readonly string[] =>
  project.schemas ?? [project.schemaName];

/** Partitions that were being detached when the backup was taken. */
export const detachingIn = ({
  tables,
}: Pick<Manifest, 'tables'>): readonly Pick<ManifestTable, 'schema' | 'name'>[] =>
  tables.filter(({ detachPending }) => detachPending);

export type Manifest = z.infer<typeof manifest>;
export type ManifestSignature = z.infer<typeof signature>;
export type ManifestTable = z.infer<typeof table>;
export type ManifestSequence = z.infer<typeof sequence>;
export type Outside = z.infer<typeof outside>;
export type LeftOut = z.infer<typeof leftOut>;
export type Definition = z.infer<typeof definition>;
export type OperatorBinding = z.infer<typeof operatorBinding>;
export type SuperuserObject = z.infer<typeof superuserObject>;
export type AtRisk = z.infer<typeof atRisk>;
export type StandIn = z.infer<typeof standIn>;
export type Setting = z.infer<typeof setting>;
export type ReachingFunction = z.infer<typeof reachingFunction>;

/** The inventory of one schema: the manifest's part that is read in the dump's snapshot. */
export type Inventory = Pick<
  Manifest,
  | 'tables'
  | 'sequences'
  | 'views'
  | 'functions'
  | 'types'
  | 'triggers'
  | 'policies'
  | 'extensions'
  | 'databaseExtensions'
  | 'databaseSettings'
  | 'reachingFunctions'
  | 'roles'
  | 'outside'
  | 'extensionRows'
  | 'leftOut'
  | 'definitions'
  | 'operatorBindings'
  | 'standIns'
  | 'atRisk'
  | 'states'
  | 'superuserObjects'
  | 'warnings'
>;

/** Sentences about checks at risk, for people; empty if there are none. */
export const riskWarnings = (
  all: readonly AtRisk[],
  listed: (names: readonly string[]) => string,
): string[] => {
  const named = (reason: AtRisk['reason']): string[] =>
    all.filter((one) => one.reason === reason).map(({ name }) => name);
  const [changing, reading] = [named('changing'), named('reading')];
  return [
    ...(changing.length
      ? [
          `Checks that call functions such as now(), so rows may violate them when they are restored: ${listed(changing)}. A restore with "onConflict": "report" restores the rows in any case.`,
        ]
      : []),
    ...(reading.length
      ? [
          `Checks that call functions which may read tables, so rows may violate them until those tables are restored: ${listed(reading)}. A restore with "onConflict": "report" adds these checks last.`,
        ]
      : []),
  ];
};
