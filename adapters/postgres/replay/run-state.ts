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

/** State while the backup's SQL is executed. */
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
  /** The session's role. */
  readonly self: string;
  readonly tablespaces: ReadonlySet<string>;
  readonly access: LeftOutAccess;
  readonly leftOut: { readonly what: string; readonly why: string }[];
  /**
   * Objects that got the schema's owner before the backup's SQL set one. Key: the object, as `shown`; value: the report if it
   * never sets one.
   */
  readonly ownerless: Map<string, { readonly what: string; readonly why: string }>;
  readonly keys: TextForeignKey[];
  readonly copied: (TableName & { readonly rows: number })[];
  readonly alone: TableName[];
  /** Objects that could not be restored completely, under `report`. */
  readonly unfinished: Unfinished[];
  /** Objects left out because only a superuser can create them, or because they need such an object. */
  readonly leftOutObjects: LeftOutObject[];
  /** Checks that were dropped before the rows. */
  readonly loosened: Loosened[];
  isLoose: boolean;
  /** By their table, as `shown`; read once the checks of domains are dropped. */
  generated: ReadonlyMap<string, readonly GeneratedColumn[]>;
  /** Objects that the backup's SQL gave to the session's own role, as `shown`. */
  readonly ours: Set<string>;
  /** Objects that no other role may use, as `shown`. */
  readonly closed: Set<string>;
  /** Objects on which another role than the owner may grant rights, as `shown`. */
  readonly optional: Set<string>;
  /** Grants that the backup's SQL makes in the name of another role than the owner. */
  readonly byOthers: Set<string>;
  /** Settings of the backup's SQL, by name. */
  readonly settings: Map<string, string>;
  /** Tenant code that the catalog shows. */
  readonly code: SeenCode;
  readonly rowRoom: Buffer;
  /** Absent if no schema gets another name. */
  readonly naming?: NamingLive;
  /** The grantor of the current statements; null for the owner. */
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
        extensionParts: new Map(parts.map((part) => [shown(part), part.extension])),
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
