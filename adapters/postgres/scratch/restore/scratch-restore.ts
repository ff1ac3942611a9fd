import type pg from 'pg';
import { type Loosening, StatementRefused } from '../../../../core/errors/restore.ts';
import { PermissionMissing } from '../../../../core/errors/schema.ts';
import { detachingIn, schemasIn } from '../../../../core/manifest.ts';
import type {
  ScratchRestoreRequest,
  ScratchRestoreResult,
} from '../../../../core/verification-ports.ts';
import { compareWithManifest } from '../../comparison/compare-with-manifest.ts';
import { inSnapshot } from '../../comparison/in-snapshot.ts';
import { noteLine } from '../../comparison/notes.ts';
import { bindingPlan } from '../../replay/operators/binding-plan.ts';
import { loadText } from '../../replay/replay.ts';
import type { ExecutedText } from '../../replay/text-request.ts';
import { disconnect } from '../../session/session.ts';
import { SCRATCH_OWNER } from '../server/prepare.ts';
import type { ScratchServer } from '../server/server.ts';
import { takeSettings } from './database-settings.ts';
import { blame } from './failure-cause.ts';
import { makePrerequisites, type Prerequisites } from './prerequisites.ts';
import { sortUnfinished } from './sort-unfinished.ts';

/**
 * Brings a backup back into a server made for it and compares it there. Three sessions: the superuser's makes the surroundings; the
 * owner's, who is none, makes all that comes from the backup, in one transaction; and a third reads what is there then. What a tenant
 * wrote (checks, generated columns, views) runs as the owner only.
 */

type Owners = 'keep' | 'drop';

interface Stage {
  readonly server: ScratchServer;
  readonly owner: pg.Client;
  readonly request: ScratchRestoreRequest;
  readonly prerequisites: Prerequisites;
  /** Settings of home that this server does not take, a line each. */
  readonly unset: readonly string[];
}

interface LoadWish {
  readonly owners: Owners;
  readonly loosen?: Loosening;
}

/** One transaction, committed only after `confirm`. */
const loadOnce = async (
  { server, owner, request }: Stage,
  { owners, loosen }: LoadWish,
): Promise<ExecutedText> => {
  const { manifest, signal } = request;
  await owner.query('BEGIN');
  try {
    const executed = await loadText(owner, {
      text: await request.openText(server.major),
      schemas: schemasIn(manifest),
      extensions: manifest.extensions.map(({ name }) => name),
      owners,
      missingRoles: [],
      bindings: bindingPlan(manifest),
      ...(manifest.extensionRows && { withoutRowsOf: manifest.extensionRows }),
      onTable: () => undefined,
      onConflict: 'report',
      ...(loosen && { loosen }),
      detached: detachingIn(manifest),
      signal,
    });
    const denied = executed.unfinished.find(({ error }) => error instanceof PermissionMissing);
    if (denied && owners === 'keep') throw denied.error;
    await request.confirm();
    signal.throwIfAborted();
    await owner.query('COMMIT');
    return executed;
  } catch (error) {
    await owner.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

/** Rows that no longer meet a check are no damage: they come once more, without it. */
const loadLoosely = async (stage: Stage, wish: LoadWish): Promise<ExecutedText> => {
  try {
    return await loadOnce(stage, wish);
  } catch (error) {
    const loosen = error instanceof StatementRefused ? error.conflict?.loosen : undefined;
    if (loosen === undefined) throw error;
    stage.request.signal.throwIfAborted();
    return await loadLoosely(stage, { ...wish, loosen });
  }
};

const WITHOUT_OWNERS = ({ message }: Error): string =>
  `owners and grants: all was made the scratch server's own, since with them ${message}`;

/** All roles of the manifest are there: one that is not is in the text alone, and what it was given is missing. */
const namesOthers = ({ accessLost }: ExecutedText): boolean =>
  accessLost.some(({ kind }) => kind === 'role-missing' || kind === 'grantor-missing');

interface Loaded {
  readonly executed: ExecutedText;
  readonly notes: readonly string[];
  /** Whether owners and grants are to be compared. */
  readonly accessKept: boolean;
}

/**
 * With owners and grants as they are, first. What a role owns may need what another role gave it at home, by a membership that no
 * backup holds; then once more, without them.
 */
const load = async (stage: Stage): Promise<Loaded> => {
  try {
    const executed = await loadLoosely(stage, { owners: 'keep' });
    return {
      executed,
      notes: [],
      accessKept: !executed.accessLost.length || namesOthers(executed),
    };
  } catch (error) {
    if (!(error instanceof PermissionMissing)) throw error;
    stage.request.signal.throwIfAborted();
    const executed = await loadLoosely(stage, { owners: 'drop' });
    return { executed, notes: [WITHOUT_OWNERS(error)], accessKept: false };
  }
};

const lookedAt = async (stage: Stage, reader: pg.Client): Promise<ScratchRestoreResult> => {
  const { server, request, prerequisites, unset } = stage;
  const circumstances = {
    ...prerequisites,
    manifest: request.manifest,
    localeNotes: [...server.notes, ...unset],
    serverMajor: server.major,
  };
  const { executed, notes, accessKept } = await load(stage).catch((error: unknown) => {
    throw blame(error, circumstances);
  });
  const objects = await sortUnfinished(reader, executed.unfinished, circumstances);
  const { notes: noted, ...compared } = await inSnapshot(reader, () =>
    compareWithManifest(reader, {
      manifest: request.manifest,
      objects: 'definitions',
      rows: request.compare,
      alone: executed.alone,
      unfinished: executed.unfinished,
      unfilled: objects.unfilled,
      leftOutKeys: executed.foreignKeys,
      accessKept,
      signal: request.signal,
    }),
  );
  return {
    ...compared,
    notChecked: [
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

/** A session that ends when the server does, whatever it is waiting for. */
const open = async (server: ScratchServer, sessions: pg.Client[], as?: 'owner') => {
  const client = await server.connect(as === 'owner' ? server.ownerAccess : server.access);
  sessions.push(client);
  return client;
};

/** All of it, on a server that is there: it is left with what was brought back. */
export const restoreOnScratch = async (
  server: ScratchServer,
  request: ScratchRestoreRequest,
): Promise<ScratchRestoreResult> => {
  const sessions: pg.Client[] = [];
  try {
    const admin = await open(server, sessions);
    const owner = await open(server, sessions, 'owner');
    const prerequisites = await makePrerequisites(server, { admin, owner }, request.manifest);
    // Grants as they were at home may keep the owner itself from reading a table.
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
