import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { RestoreRefused } from '../../../core/errors/restore.ts';
import { detachingIn, schemasIn } from '../../../core/manifest.ts';
import { usesOf } from '../../../core/ownership.ts';
import type { Loaded, LoadRequest } from '../../../core/restore-ports.ts';
import { withinLocks } from '../preflight/lock-slots.ts';
import { type Asked, refuseNotOwned } from '../projects/schema-ownership.ts';
import { grantAsInitdb } from '../replay/access/public-schema-grants.ts';
import { createExtensions } from '../replay/create-extensions.ts';
import { bindingPlan } from '../replay/operators/binding-plan.ts';
import { loadText } from '../replay/replay.ts';
import { refusal } from '../replay/statement-errors.ts';
import type { ExecutedText } from '../replay/text-request.ts';
import { type Borrowing, borrowExtensions } from '../schema-names/borrowed-extensions.ts';
import {
  asideName,
  refuseTablesThere,
  refuseTaken,
  renameSchema,
  schemaComments,
  schemasThere,
  setSchemaComment,
  setTableComment,
  tableComment,
} from '../schema-names/schema-names.ts';
import { type Backend, holdName } from '../session/backend.ts';
import type { RestoreAccess } from '../session/restore-access.ts';
import { commit } from './commit.ts';
import { compareRestored } from './compare-restored.ts';
import { findLoaded } from './find-restored.ts';
import { leavesTypesOut } from './left-out-types.ts';
import { commentWithMarker, loadedThere, type MarkerState, unmarked } from './marker.ts';
import { refuseWritesOutside, type WriteBounds } from './write-guard/write-guard.ts';

/**
 * The part of a restore on the source, in one transaction: it sets the live schemas aside, executes the backup's SQL under its own names,
 * counts and compares, and gives all schemas their final names. No other session sees anything before the COMMIT, and none waits: live
 * schemas are only renamed, which takes no lock on their tables.
 */

interface Brought {
  readonly state: MarkerState;
  /** Writes the marker by which the restore is found later. */
  readonly leave: (loaded: MarkerState) => Promise<void>;
  /** Not stored in the marker: a later attempt has the report. */
  readonly namingLive: Loaded['namingLive'];
  /** Extensions of the live schemas that were moved for the time of the restore. */
  readonly borrowed: readonly string[];
}

const execute = async (
  client: pg.Client,
  request: LoadRequest,
  extensions: Partial<Borrowing> = {},
): Promise<ExecutedText> => {
  const { manifest, mode, owners, missingRoles, lockTimeoutMs, text, onTable, signal } = request;
  const { onConflict, loosen } = request;
  const renamed = request.places.filter(({ from, to }) => from !== to);
  const done = await loadText(client, {
    text,
    schemas: schemasIn(manifest),
    extensions: manifest.extensions.map(({ name }) => name),
    owners,
    ...(request.acceptOwnCode && { acceptOwnCode: true }),
    missingRoles,
    intoLive: mode === 'tables-live',
    tenancy: manifest,
    bindings: bindingPlan(manifest),
    lockTimeoutMs,
    ...(onConflict && { onConflict }),
    ...(loosen && { loosen }),
    detached: detachingIn(manifest),
    ...(leavesTypesOut(request) && { leavingOut: { casts: [], missing: [] } }),
    onSchema: async (schema) => {
      await grantAsInitdb(client, schema, request);
      await extensions.onSchema?.(schema);
    },
    ...(extensions.onNeed && { onNeed: extensions.onNeed }),
    ...(mode !== 'swap' && { renamed: renamed.map(({ from }) => from) }),
    onTable,
    signal,
  });
  if (mode === 'swap' && done.accessLost.length) {
    throw new RestoreRefused([
      `A swap keeps every owner and grant, and these can't be kept: ${done.leftOut.map(({ what, why }) => `${what} (${why})`).join('; ')}.`,
    ]);
  }
  return done;
};

/** Into live schemas: the marker goes on the first restored table. */
const loadIntoLive = async (client: pg.Client, request: LoadRequest): Promise<Brought> => {
  const { tables = [], manifest } = request;
  await refuseTablesThere(client, tables);
  const state = await compareRestored(client, request, await execute(client, request));
  return {
    state,
    namingLive: undefined,
    borrowed: [],
    leave: async (loaded) => {
      const [first] = tables;
      if (!first) return;
      const said = await tableComment(client, first);
      const own = unmarked(said?.comment);
      const mark = { backupId: manifest.backup.id, of: said?.oid, state: loaded };
      await setTableComment(client, first, commentWithMarker(mark, own, request));
    },
  };
};

/** Extensions that stay with the live schema: the restored schema lacks them. */
const notBorrowed = ({ stayed }: Borrowing): MarkerState['leftOut'] =>
  stayed.map(({ name, schema }) => ({
    what: `extension ${quoted(name)}`,
    why: `a database has it once, and it stays in schema ${quoted(schema)}`,
  }));

const loadBeside = async (client: pg.Client, request: LoadRequest): Promise<Brought> => {
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
      throw new RestoreRefused([`Schema "${from}" already exists: choose another name.`]);
    }
    await renameSchema(client, { from, to }).catch((error: unknown) => {
      throw refusal(error, {
        object: `schema ${quoted(from)}`,
        lockTimeoutMs: request.lockTimeoutMs,
      });
    });
  }
  const extensions = await borrowExtensions(client, aside);
  const done = await execute(client, request, extensions);
  const compared = await compareRestored(client, request, done);
  const leftOut = [...compared.leftOut, ...notBorrowed(extensions)];
  for (const place of places) await renameSchema(client, place);
  // Return borrowed extensions, then rename the live schemas back.
  await extensions.returnAll();
  for (const { from, to } of aside) await renameSchema(client, { from: to, to: from });
  return {
    state: { ...compared, leftOut },
    namingLive: done.namingLive,
    borrowed: extensions.borrowed.map(({ name }) => name),
    leave: async (loaded) => {
      const names = places.map(({ to }) => to);
      const comments = await schemaComments(client, names);
      for (const [index, name] of names.entries()) {
        const mark = {
          backupId: manifest.backup.id,
          of: comments.get(name)?.oid,
          ...(index === 0 && { state: loaded }),
        };
        await setSchemaComment(
          client,
          name,
          commentWithMarker(mark, unmarked(comments.get(name)?.comment), request),
        );
      }
    },
  };
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

/** Refuses changes of objects that existed before. @returns the state, which reports what event triggers have written */
const guard = async (
  sessions: Pick<WriteBounds, 'client' | 'observer' | 'pid'>,
  { places, mode }: LoadRequest,
  { state, borrowed }: Brought,
  created: WriteBounds['created'],
): Promise<MarkerState> => {
  const byTriggers = await refuseWritesOutside({
    ...sessions,
    schemas: places.map(({ to }) => to),
    live: places.map(({ from }) => from),
    intoLive: mode === 'tables-live',
    created,
    borrowed,
  }).catch((error: unknown) => {
    throw refusal(error, { object: 'the check of written objects' });
  });
  if (!byTriggers.length) return state;
  const said = `Event triggers of the database wrote to ${byTriggers.join(', ')} during the restore.`;
  return { ...state, warnings: [...state.warnings, said] };
};

export interface RestoreSessions {
  /** Holds the transaction. */
  readonly client: pg.Client;
  /** Watches it. */
  readonly observer: pg.Client;
  /** Of `client`. */
  readonly backend: Backend;
  readonly applicationName: string;
}

export const transaction = async (
  access: RestoreAccess,
  { client, observer, backend, applicationName }: RestoreSessions,
  request: LoadRequest,
  onCommit: () => void,
): Promise<Loaded> => {
  const { places, mode } = request;
  const { pid } = backend;
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
  await holdName(client, applicationName);
  const ownership = await refuseOthersSchemas(access, client, request);
  const created = await createExtensions(client, request);
  const load = mode === 'tables-live' ? loadIntoLive : loadBeside;
  const brought = await withinLocks(client, request, () => load(client, request));
  // Deferred constraints are checked now, and not at the COMMIT.
  await client.query('SET CONSTRAINTS ALL IMMEDIATE');
  const state = await guard({ client, observer, pid }, request, brought, created);
  await brought.leave(state);
  await request.confirm();
  request.signal.throwIfAborted();
  // Another project may have taken the names while rows were copied.
  await refuseNotOwned(client, access, ownership);
  onCommit();
  const happened = async () => (await findLoaded(access, request, places)) !== undefined;
  await commit({ access, client, backend, happened });
  const { namingLive } = brought;
  return { ...loadedThere(state, places), ...(namingLive?.length && { namingLive }) };
};
