import type pg from 'pg';
import { type Loosening, StatementRefused } from '../../../../core/errors/restore.ts';
import { PermissionMissing } from '../../../../core/errors/schema.ts';
import { detachingIn, schemasIn } from '../../../../core/manifest.ts';
import type { ScratchRestoreRequest } from '../../../../core/verification-ports.ts';
import { mayLeaveOut } from '../../replay/left-out-objects.ts';
import { bindingPlan } from '../../replay/operators/binding-plan.ts';
import { loadText } from '../../replay/replay.ts';
import type { ExecutedText } from '../../replay/text-request.ts';
import type { ScratchServer } from '../server/server.ts';
import { castsLeftOut } from './excuse.ts';
import type { Prerequisites } from './prerequisites.ts';

/** Executes the backup's SQL on the scratch server, in as many attempts as needed. */

export interface Stage {
  readonly server: ScratchServer;
  readonly owner: pg.Client;
  readonly request: ScratchRestoreRequest;
  readonly prerequisites: Prerequisites;
  /** Settings of the source that this server does not accept, one line each. */
  readonly unset: readonly string[];
}

interface LoadPlan {
  readonly owners: 'keep' | 'drop';
  /** Leaves out objects that only a superuser may create, and their dependents. */
  readonly leavesOut: boolean;
  readonly loosen?: Loosening;
}

/** One transaction, committed only after `confirm`. */
const loadOnce = async (
  { server, owner, request, prerequisites }: Stage,
  { owners, leavesOut, loosen }: LoadPlan,
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
      ...(leavesOut && {
        leavingOut: { casts: castsLeftOut(manifest), missing: prerequisites.missing },
      }),
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

/** Rows that no longer satisfy a check are not damage: the backup is loaded again, without that check. */
const loadLoosely = async (stage: Stage, plan: LoadPlan): Promise<ExecutedText> => {
  try {
    return await loadOnce(stage, plan);
  } catch (error) {
    const loosen = error instanceof StatementRefused ? error.conflict?.loosen : undefined;
    if (loosen === undefined) throw error;
    stage.request.signal.throwIfAborted();
    return await loadLoosely(stage, { ...plan, loosen });
  }
};

const WITHOUT_OWNERS = ({ message }: Error): string =>
  `owners and grants: all objects were given to the scratch server's role, because with them ${message}`;

/** All roles of the manifest exist: a role that does not is only in the SQL, and its ownership and grants are missing. */
const namesOthers = ({ accessLost }: ExecutedText): boolean =>
  accessLost.some(({ kind }) => kind === 'role-missing' || kind === 'grantor-missing');

interface Loaded {
  readonly executed: ExecutedText;
  readonly notes: readonly string[];
  /** Whether owners and grants are to be compared. */
  readonly accessKept: boolean;
}

const noNotes = (executed: ExecutedText): Loaded => ({
  executed,
  notes: [],
  accessKept: !executed.accessLost.length || namesOthers(executed),
});

/**
 * First restores owners and grants unchanged. An owner may need a right that another role granted it on the source, by a membership that no
 * backup holds; then it loads again without them. Objects that only a superuser may create are left out if there are any.
 */
const load = async (stage: Stage, plan: LoadPlan): Promise<Loaded> => {
  const { signal, manifest } = stage.request;
  try {
    const executed = await loadLoosely(stage, plan);
    return plan.owners === 'keep' ? noNotes(executed) : { executed, notes: [], accessKept: false };
  } catch (error) {
    signal.throwIfAborted();
    if (!plan.leavesOut && mayLeaveOut(error, castsLeftOut(manifest)))
      return await load(stage, { ...plan, leavesOut: true });
    if (plan.owners === 'drop' || !(error instanceof PermissionMissing)) throw error;
    const { notes, ...loaded } = await load(stage, { ...plan, owners: 'drop' });
    return { ...loaded, notes: [WITHOUT_OWNERS(error), ...notes] };
  }
};

/** @throws the error of the last attempt */
export const loadBackup = (stage: Stage): Promise<Loaded> =>
  load(stage, { owners: 'keep', leavesOut: stage.prerequisites.missing.length > 0 });
