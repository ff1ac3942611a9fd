import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { TableName } from '../../../core/restore.ts';
import { shown } from '../sql/describe-statement.ts';
import type { Name } from '../sql/kinds/word-cursor.ts';
import { NamingLive } from '../sql/objects-naming-live.ts';
import { LeftOutAccess, roleFinder } from './access/role-rights.ts';
import { readExtensionParts } from './extension-parts.ts';
import type { GeneratedColumn } from './generated-columns.ts';
import type { LeftOutObject } from './left-out-object.ts';
import type { Loosened } from './loosened-check.ts';
import { makeRowRoom } from './send.ts';
import type { Boundaries } from './statement-policy.ts';
import { nothingSeen, type SeenCode } from './tenant-code/seen-code.ts';
import type { TextForeignKey, TextRequest } from './text-request.ts';
import type { Unfinished } from './unfinished-objects.ts';

/** What is known while the text is executed. */
export interface Run {
  readonly client: pg.Client;
  readonly request: TextRequest;
  readonly bounds: Boundaries & {
    readonly made: Set<string>;
    readonly unmade: Set<string>;
    readonly kept: Set<string>;
  };
  readonly findRole: ReturnType<typeof roleFinder>;
  readonly isSuperuser: boolean;
  /** Who the session is. */
  readonly self: string;
  readonly tablespaces: ReadonlySet<string>;
  readonly access: LeftOutAccess;
  readonly leftOut: { readonly what: string; readonly why: string }[];
  /** What became the schema's owner's before the text gave it to anybody, as `shown`, with what is told where it never does. */
  readonly ownerless: Map<string, { readonly what: string; readonly why: string }>;
  readonly keys: TextForeignKey[];
  readonly copied: (TableName & { readonly rows: number })[];
  readonly alone: TableName[];
  /** What could not be brought back as it was, under `report`. */
  readonly unfinished: Unfinished[];
  /** What was left out for what only a superuser can create. */
  readonly leftOutObjects: LeftOutObject[];
  /** Checks that were taken away before the rows. */
  readonly loosened: Loosened[];
  isLoose: boolean;
  /** By their table, as `shown`; read once domains' checks are taken away. */
  generated: ReadonlyMap<string, readonly GeneratedColumn[]>;
  /** What the text gave to the session's own role, as `shown`. */
  readonly ours: Set<string>;
  /** What nobody else may use, as `shown`. */
  readonly closed: Set<string>;
  /** What somebody else than its owner may grant rights on, as `shown`. */
  readonly optional: Set<string>;
  /** What the text grants in the name of somebody else than the owner. */
  readonly byOthers: Set<string>;
  /** What the text has set, by name. */
  readonly settings: Map<string, string>;
  /** Code of the tenant's that the catalog shows. */
  readonly code: SeenCode;
  readonly rowRoom: Buffer;
  /** Absent where no schema gets another name. */
  readonly naming?: NamingLive;
  /** In whose name is granted just now; null for the owner's. */
  grantor: string | null;
}

const CIRCUMSTANCES = `
  SELECT ARRAY(SELECT extname::text FROM pg_catalog.pg_extension) AS extensions,
    ARRAY(SELECT spcname::text FROM pg_catalog.pg_tablespace) AS tablespaces,
    pg_catalog.current_setting('is_superuser') = 'on' AS superuser, current_user::text AS self`;

export const beginRun = async (client: pg.Client, request: TextRequest): Promise<Run> => {
  interface Row {
    readonly extensions: string[];
    readonly tablespaces: string[];
    readonly superuser: boolean;
    readonly self: string;
  }
  const [row] = (await client.query<Row>(CIRCUMSTANCES)).rows;
  if (!row) throw new Error('the server says nothing of itself');
  const { schemas, extensions, owners, intoLive = false, missingRoles, tenancy } = request;
  const inside = tenancy?.extensions.filter(({ schema }) => schemas.includes(schema)) ?? [];
  const parts = await readExtensionParts(client, inside);
  return {
    client,
    request,
    bounds: {
      schemas,
      extensions,
      extensionsThere: new Set(row.extensions),
      owners,
      intoLive,
      ...(tenancy && {
        roles: tenancy.roles,
        lent: new Map(parts.map((part) => [shown(part), part.extension])),
      }),
      made: new Set(),
      unmade: new Set(),
      kept: new Set(),
    },
    findRole: roleFinder(client, missingRoles),
    isSuperuser: row.superuser,
    self: row.self,
    tablespaces: new Set(row.tablespaces),
    access: new LeftOutAccess(),
    leftOut: [],
    ownerless: new Map(),
    keys: [],
    copied: [],
    alone: [],
    unfinished: [],
    leftOutObjects: [],
    loosened: [],
    isLoose: false,
    generated: new Map(),
    ours: new Set(),
    closed: new Set(),
    optional: new Set(),
    byOthers: new Set(),
    settings: new Map(),
    code: nothingSeen(),
    rowRoom: makeRowRoom(),
    ...(request.renamed?.length && { naming: new NamingLive(request.renamed) }),
    grantor: null,
  };
};

/** pg_dump qualifies every name. @throws DumpUnreadable for one that has no schema */
export const named = ({ schema, name }: Name): TableName => {
  if (schema === null) throw new DumpUnreadable(quoted(name), 'its name has no schema');
  return { schema, name };
};
