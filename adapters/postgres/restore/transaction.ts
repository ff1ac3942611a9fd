import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { RestoreMismatch, RestoreRefused } from '../../../core/errors/restore.ts';
import { schemasIn } from '../../../core/manifest.ts';
import { usesOf } from '../../../core/ownership.ts';
import type { Loaded, LoadRequest } from '../../../core/restore-ports.ts';
import { identifier } from '../names.ts';
import { bindingPlan } from './binding-plan.ts';
import { commit, pidOf } from './commit.ts';
import { compareWithManifest } from './compare.ts';
import { findLoaded } from './find-loaded.ts';
import { type ExecutedText, loadText } from './load-text.ts';
import { keyState, loadedThere, type MarkState, markedComment, unmarked } from './mark.ts';
import { type Asked, refuseNotOwned } from './ownership.ts';
import {
  asideName,
  extensionsIn,
  moveExtension,
  refuseTablesThere,
  refuseTaken,
  renameSchema,
  schemaComments,
  schemasThere,
  setSchemaComment,
  setTableComment,
  tableComment,
} from './places.ts';
import { grantAsInitdb } from './public-schema.ts';
import { refusal } from './refusals.ts';
import type { RestoreAccess } from './server.ts';
import { told } from './unfinished.ts';

/**
 * The source's part of a restore, in one transaction: the live schemas step aside, the text is executed under its own names,
 * counted and compared, and all get their names. Until the COMMIT nobody else sees anything of it, and nobody waits: what is
 * live is only renamed, which takes no lock on its tables.
 */

type Leave = (loaded: MarkState) => Promise<void>;

/** Extensions that objects outside of the backup's schemas bring, for a database that has none of them. */
const createExtensions = async (
  client: pg.Client,
  { manifest, createExtensions: wanted }: LoadRequest,
): Promise<void> => {
  if (!wanted) return;
  const own = schemasIn(manifest);
  for (const { name, schema } of manifest.extensions) {
    if (own.includes(schema)) continue;
    await client
      .query(
        `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}; CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)}`,
      )
      .catch((error: unknown) => {
        throw refusal(error, { object: `extension "${name}"` });
      });
  }
};

const execute = async (
  client: pg.Client,
  request: LoadRequest,
  onSchema: (schema: string) => Promise<void>,
): Promise<ExecutedText> => {
  const { manifest, mode, owners, missingRoles, lockTimeoutMs, text, onTable, signal } = request;
  const { onConflict, loosen } = request;
  const done = await loadText(client, {
    text,
    schemas: schemasIn(manifest),
    extensions: manifest.extensions.map(({ name }) => name),
    owners,
    missingRoles,
    intoLive: mode === 'tables-live',
    tenancy: manifest,
    bindings: bindingPlan(manifest),
    lockTimeoutMs,
    ...(onConflict && { onConflict }),
    ...(loosen && { loosen }),
    onSchema: async (schema) => {
      await grantAsInitdb(client, schema, request);
      await onSchema(schema);
    },
    onTable,
    signal,
  });
  if (mode === 'swap' && done.accessLost) {
    throw new RestoreRefused([
      `A swap keeps every owner and grant, and these can't be kept: ${done.leftOut.map(({ what, why }) => `${what} (${why})`).join('; ')}.`,
    ]);
  }
  return done;
};

/** @throws RestoreMismatch */
const compare = async (
  client: pg.Client,
  { manifest, mode, tables, signal }: LoadRequest,
  { foreignKeys, leftOut, alone, unfinished, warnings }: ExecutedText,
): Promise<MarkState> => {
  const schemas = schemasIn(manifest);
  const compared = await compareWithManifest(client, {
    manifest,
    schemas,
    tables,
    intoLive: mode === 'tables-live',
    alone,
    unfinished,
    signal,
  });
  if (compared.differences.length) throw new RestoreMismatch(compared.differences);
  return {
    tables: compared.tables,
    rows: compared.rows,
    foreignKeys: foreignKeys.map(keyState),
    leftOut: [...leftOut],
    unfinished: unfinished.map(told),
    warnings: [...warnings, ...compared.warnings],
  };
};

/** Into schemas that are there: a mark goes on the first table that comes back. */
const loadIntoLive = async (
  client: pg.Client,
  request: LoadRequest,
): Promise<readonly [MarkState, Leave]> => {
  const { tables = [], manifest } = request;
  await refuseTablesThere(client, tables);
  const state = await compare(
    client,
    request,
    await execute(client, request, async () => undefined),
  );
  return [
    state,
    async (loaded) => {
      const [first] = tables;
      if (!first) return;
      const own = unmarked(await tableComment(client, first));
      const mark = { backupId: manifest.backup.id, state: loaded };
      await setTableComment(client, first, markedComment(mark, own, request));
    },
  ];
};

const loadBeside = async (
  client: pg.Client,
  request: LoadRequest,
): Promise<readonly [MarkState, Leave]> => {
  const { places, restoreId, manifest } = request;
  await refuseTaken(
    client,
    places.filter(({ from, to }) => from !== to),
  );
  const live = await schemasThere(
    client,
    places.map(({ from }) => from),
  );
  const aside = places
    .filter(({ from }) => live.has(from))
    .map(({ from }, index) => ({ from, to: asideName(restoreId, index) }));
  for (const { from, to } of aside) {
    if (places.some((place) => place.from === from && place.to === from)) {
      throw new RestoreRefused([`Schema "${from}" is there already: give another name.`]);
    }
    await renameSchema(client, { from, to }).catch((error: unknown) => {
      throw refusal(error, {
        object: `schema ${quoted(from)}`,
        lockTimeoutMs: request.lockTimeoutMs,
      });
    });
  }
  const moved = await extensionsIn(
    client,
    aside.map(({ to }) => to),
  );
  const done = await execute(client, request, async (schema) => {
    const from = aside.find((place) => place.from === schema)?.to;
    for (const { name } of moved.filter((one) => one.schema === from))
      await moveExtension(client, name, schema);
  });
  const state = await compare(client, request, done);
  for (const place of places) await renameSchema(client, place);
  // What stepped aside last comes back first, with what it had lent.
  for (const { name, schema } of moved) await moveExtension(client, name, schema);
  for (const { from, to } of aside) await renameSchema(client, { from: to, to: from });
  return [
    state,
    async (loaded) => {
      const names = places.map(({ to }) => to);
      const comments = await schemaComments(client, names);
      for (const [index, name] of names.entries()) {
        const mark = {
          backupId: manifest.backup.id,
          ...(index === 0 && { state: loaded }),
        };
        await setSchemaComment(
          client,
          name,
          markedComment(mark, unmarked(comments.get(name)), request),
        );
      }
    },
  ];
};

/** @throws SchemaNotOwned */
const refuseOthersSchemas = async (
  access: RestoreAccess,
  client: pg.Client,
  { project, mode, places }: LoadRequest,
): Promise<Asked> => {
  const live = await schemasThere(
    client,
    places.flatMap(({ from, to }) => [from, to]),
  );
  const asked = { project, uses: usesOf(mode, places, [], live) };
  await refuseNotOwned(client, access, asked);
  return asked;
};

export const transaction = async (
  access: RestoreAccess,
  client: pg.Client,
  applicationName: string,
  request: LoadRequest,
  onCommit: () => void,
): Promise<Loaded> => {
  const { places, mode } = request;
  const pid = await pidOf(client);
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
  const ownership = await refuseOthersSchemas(access, client, request);
  await createExtensions(client, request);
  const load = mode === 'tables-live' ? loadIntoLive : loadBeside;
  const [state, leave] = await load(client, request);
  await leave(state);
  // Constraints that are checked late are checked now, and not at the COMMIT.
  await client.query('SET CONSTRAINTS ALL IMMEDIATE');
  await request.confirm();
  request.signal.throwIfAborted();
  // Names may have changed hands while the rows came.
  await refuseNotOwned(client, access, ownership);
  onCommit();
  const happened = async () => (await findLoaded(access, request, places)) !== undefined;
  await commit({ access, client, applicationName, pid, happened });
  return loadedThere(state, places);
};
