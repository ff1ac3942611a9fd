import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import type { PreflightRequest } from '../../../core/restore-ports.ts';
import { namesTaken } from '../schema-names/names-taken.ts';
import { schemasThere, tablesThere } from '../schema-names/schema-names.ts';
import { qualified } from '../sql/identifiers.ts';
import type { Findings } from './rights.ts';

/** Checks names: those that a restore creates must be free; those that it uses must exist. */
const makeSequence = ({ sequences }: Manifest, { schema, name }: TableName): string => {
  const written = qualified(schema, name);
  const stored = sequences.find((one) => one.schema === schema && one.name === name);
  const literal = `'${written.replaceAll("'", "''")}'`;
  const value = stored ? `; SELECT setval(${literal}, ${stored.value}, ${stored.called})` : '';
  return `CREATE SEQUENCE ${written}${value}`;
};

const intoLive = async (
  client: pg.Client,
  { manifest, places, tables = [], chosen = {} }: PreflightRequest,
  live: ReadonlySet<string>,
): Promise<Findings> => {
  const { makes = [], uses = [] } = chosen;
  const there = new Set((await tablesThere(client, uses)).map(nameOf));
  const missing = uses.filter((one) => live.has(one.schema) && !there.has(nameOf(one)));
  return {
    problems: [
      ...places
        .filter(({ from }) => !live.has(from))
        .map(
          ({ from }) => `There is no schema ${quoted(from)} to put tables into: restore beside.`,
        ),
      ...(await namesTaken(client, tables, makes)),
      ...missing.map(
        (one) =>
          `Sequence ${quoted(nameOf(one))} is missing, which the tables use and don't own: create it (${makeSequence(manifest, one)}), choose the table that owns it too, or restore beside.`,
      ),
    ],
    warnings: [],
  };
};

const nameOf = ({ schema, name }: TableName): string => `${schema}.${name}`;

/** A swap of a schema that is not live is a restore under the schema's own name. */
const notLive = ({ places }: PreflightRequest, live: ReadonlySet<string>): string[] =>
  places
    .filter(({ from }) => !live.has(from))
    .map(
      ({ from }) =>
        `No schema ${quoted(from)} is live: nothing is exchanged for it${live.size ? '' : ' and no safety backup is taken'}.`,
    );

/** The schema that has the name may be live, in this project or in another. */
const nameTaken = (name: string, mode: PreflightRequest['mode']): string =>
  mode === 'swap'
    ? `Schema ${quoted(name)} already exists: request the restore again; a new request uses the name of another second.`
    : `Schema ${quoted(name)} already exists, and a restore replaces nothing: choose another name.`;

export const checkNames = async (
  client: pg.Client,
  request: PreflightRequest,
  live: ReadonlySet<string>,
): Promise<Findings> => {
  const { places, mode, before = [] } = request;
  if (mode === 'tables-live') return await intoLive(client, request, live);
  const names = places.map(({ to }) => to);
  const aside = before.filter(({ from }) => live.has(from)).map(({ to }) => to);
  const taken = await schemasThere(client, [...names, ...aside]);
  const isTaken = (name: string): boolean => taken.has(name);
  return {
    problems: [
      ...names.filter(isTaken).map((name) => nameTaken(name, mode)),
      ...aside
        .filter(isTaken)
        .map(
          (name) =>
            `Schema ${quoted(name)} already exists, and the old schema would get this name: request the swap again; a new request uses the name of another second.`,
        ),
    ],
    warnings: mode === 'swap' ? notLive(request, live) : [],
  };
};
