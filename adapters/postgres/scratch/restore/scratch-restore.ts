import type pg from 'pg';
import { RehearsalImpossible } from '../../../../core/errors/verification.ts';
import type { Manifest } from '../../../../core/manifest.ts';
import type {
  ScratchRestoreRequest,
  ScratchRestoreResult,
} from '../../../../core/verification-ports.ts';
import { compareWithManifest } from '../../comparison/compare-with-manifest.ts';
import { inSnapshot } from '../../comparison/in-snapshot.ts';
import { noteLine } from '../../comparison/notes.ts';
import { disconnect } from '../../session/session.ts';
import { SCRATCH_OWNER } from '../server/prepare.ts';
import type { ScratchServer } from '../server/server.ts';
import { takeSettings } from './database-settings.ts';
import { leftOutLines } from './excuse-sentence.ts';
import { expectedLeftOut } from './expected-left-out.ts';
import { blame, GUIDE } from './failure-cause.ts';
import { loadBackup, type Stage } from './load-backup.ts';
import { makePrerequisites } from './prerequisites.ts';
import { sortUnfinished } from './sort-unfinished.ts';

/**
 * Restores a backup on a server created for it, and compares it there. It has three sessions. The superuser's session creates the
 * prerequisites. The session of the owner, who is no superuser, creates everything in the backup, in one transaction. The third session
 * reads the result. Code that a tenant wrote (checks, generated columns, views) runs only as the owner.
 */

/** Only the existence of the schemas was compared. */
const isEmpty = (
  { definitions = [] }: Manifest,
  { objects, tables }: ScratchRestoreResult['checked'],
): boolean => tables === 0 && objects <= definitions.filter(({ kind }) => kind === 'schema').length;

const nothingLeft = (leftOut: readonly string[]): RehearsalImpossible =>
  new RehearsalImpossible(
    `Nothing of the backup is left to compare, because only a superuser may create its objects, or because they need such objects: ${leftOut.slice(0, 5).join('; ')}`,
    GUIDE,
  );

const lookedAt = async (stage: Stage, reader: pg.Client): Promise<ScratchRestoreResult> => {
  const { server, request, prerequisites, unset } = stage;
  const circumstances = {
    ...prerequisites,
    manifest: request.manifest,
    localeNotes: [...server.notes, ...unset],
    serverMajor: server.major,
  };
  const { executed, notes, accessKept } = await loadBackup(stage).catch((error: unknown) => {
    throw blame(error, circumstances);
  });
  const leftOutObjects = expectedLeftOut(executed.leftOutObjects, request.manifest);
  const objects = await sortUnfinished(reader, executed.unfinished, {
    ...circumstances,
    leftOut: leftOutObjects.map(({ name }) => `${name.schema}.${name.name}`),
  });
  const { notes: noted, ...compared } = await inSnapshot(reader, () =>
    compareWithManifest(reader, {
      manifest: request.manifest,
      objects: 'definitions',
      rows: request.compare,
      alone: executed.alone,
      unfinished: executed.unfinished,
      leftOut: leftOutObjects,
      unfilled: objects.unfilled,
      leftOutKeys: executed.foreignKeys,
      accessKept,
      signal: request.signal,
    }),
  );
  const leftOut = leftOutLines(leftOutObjects);
  if (leftOut.length && isEmpty(request.manifest, compared.checked)) throw nothingLeft(leftOut);
  return {
    ...compared,
    notChecked: [
      ...leftOut,
      ...noted.map(noteLine),
      ...objects.notChecked,
      ...prerequisites.notChecked,
      ...executed.leftOut.map(({ what, why }) => `${what}: ${why}`),
      ...executed.warnings,
      ...notes,
      ...unset,
      ...server.notes,
    ],
    ...(objects.unfinished.length && { unfinished: objects.unfinished }),
    serverVersion: server.version,
    diskBytes: await server.mostDiskBytes(),
  };
};

/** A session that ends with the server, whatever it is waiting for. */
const open = async (server: ScratchServer, sessions: pg.Client[], as?: 'owner') => {
  const client = await server.connect(as === 'owner' ? server.ownerAccess : server.access);
  sessions.push(client);
  return client;
};

/** Runs a whole scratch restore on a running server; the restored objects stay there. */
export const restoreOnScratch = async (
  server: ScratchServer,
  request: ScratchRestoreRequest,
): Promise<ScratchRestoreResult> => {
  const sessions: pg.Client[] = [];
  try {
    const admin = await open(server, sessions);
    const owner = await open(server, sessions, 'owner');
    const prerequisites = await makePrerequisites(server, { admin, owner }, request.manifest);
    // The grants of the source may keep the owner itself from reading a table.
    await admin.query(`GRANT pg_read_all_data TO ${SCRATCH_OWNER}`);
    await owner.query('SET statement_timeout = 0');
    const reader = await open(server, sessions, 'owner');
    await reader.query(`SET search_path = ''; SET row_security = off`);
    const settings = (request.manifest.databaseSettings ?? []).filter(
      ({ name }) => name.toLowerCase() !== 'search_path',
    );
    const unset = await takeSettings(owner, settings);
    await takeSettings(reader, settings);
    return await lookedAt({ server, owner, request, prerequisites, unset }, reader);
  } finally {
    await Promise.all(sessions.map(disconnect));
  }
};
