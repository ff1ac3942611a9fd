import pg from 'pg';
import type { Outside, StandIn } from '../../../../core/manifest.ts';
import { identifier } from '../../sql/identifiers.ts';
import { nameOf } from './install-extensions.ts';

/**
 * Stand-ins that only a superuser can create: access methods, languages and transforms. The superuser executes no SQL of a manifest: a
 * manifest gives only names and the choice among PostgreSQL's own handlers, and the statements are built here.
 */
const HANDLERS = [
  'heap_tableam_handler',
  'bthandler',
  'hashhandler',
  'gisthandler',
  'ginhandler',
  'spghandler',
  'brinhandler',
];

const HANDLER = /^CREATE ACCESS METHOD .* TYPE (TABLE|INDEX) HANDLER (?:pg_catalog\.)?(\w+)$/s;

interface Handler {
  readonly type: string;
  readonly handler: string;
  /** The manifest does not say whether it is for tables at all. */
  readonly guessed?: true;
}

/** An access method without a built-in handler becomes a heap here: rows and definitions are the same in any. */
const handlerOf = ({ name }: Outside, standIns: readonly StandIn[]): Handler => {
  const given = standIns.find((one) => one.kind === 'access method' && one.name === name)?.sql;
  const [, type = '', handler = ''] = HANDLER.exec(given ?? '') ?? [];
  return HANDLERS.includes(handler)
    ? { type, handler }
    : { type: 'TABLE', handler: 'heap_tableam_handler', guessed: true };
};

const accessMethod = ({ name }: Outside, { type, handler }: Handler): string =>
  `CREATE ACCESS METHOD ${identifier(nameOf(name))} TYPE ${type} HANDLER pg_catalog.${handler}`;

/** Accepts any text as a function's body; its functions are not meant to be called. */
const language = ({ name }: Outside): string =>
  `CREATE TRUSTED LANGUAGE ${identifier(nameOf(name))} HANDLER pg_catalog.plpgsql_call_handler`;

const TRANSFORM = `
  SELECT pg_catalog.format('CREATE TRANSFORM FOR %s LANGUAGE %I (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal))',
    pg_catalog.format_type(pg_catalog.to_regtype($1), NULL), l.lanname) AS sql
  FROM pg_catalog.pg_language l WHERE pg_catalog.quote_ident(l.lanname) = $2 AND pg_catalog.to_regtype($1) IS NOT NULL`;

/** `for integer language sql`, as pg_identify_object writes it; older servers write `for integer on language sql`. */
const transform = async (admin: pg.Client, { name }: Outside): Promise<string | undefined> => {
  const [, type, of] = /^for (.+?)(?: on)? language (.+)$/s.exec(name) ?? [];
  if (type === undefined || of === undefined) return undefined;
  const { rows } = await admin.query<{ sql: string }>(TRANSFORM, [type, of]);
  return rows[0]?.sql;
};

export const OF_SUPERUSERS: readonly string[] = ['access method', 'language', 'transform'];

const make = async (admin: pg.Client, sql: string | undefined): Promise<boolean> => {
  if (sql === undefined) return false;
  try {
    await admin.query(sql);
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return false;
    throw error;
  }
};

export interface MadeBySuperuser extends Pick<Outside, 'kind' | 'name'> {
  /** It may behave differently from the source. */
  readonly pretended: boolean;
}

/** Runs before anything of the manifest is created. @returns those that exist */
export const makeMethods = async (
  admin: pg.Client,
  outside: readonly Outside[],
  standIns: readonly StandIn[],
): Promise<readonly MadeBySuperuser[]> => {
  const made: MadeBySuperuser[] = [];
  for (const one of outside) {
    const { kind, name } = one;
    if (kind === 'language' && (await make(admin, language(one))))
      made.push({ kind, name, pretended: true });
    if (kind !== 'access method') continue;
    const handler = handlerOf(one, standIns);
    if (await make(admin, accessMethod(one, handler)))
      made.push({ kind, name, pretended: handler.guessed ?? false });
  }
  return made;
};

/** Runs after the types that they are for. @returns those that exist */
export const makeTransforms = async (
  admin: pg.Client,
  outside: readonly Outside[],
): Promise<readonly MadeBySuperuser[]> => {
  const made: MadeBySuperuser[] = [];
  for (const one of outside.filter(({ kind }) => kind === 'transform')) {
    const { kind, name } = one;
    if (await make(admin, await transform(admin, one))) made.push({ kind, name, pretended: true });
  }
  return made;
};
