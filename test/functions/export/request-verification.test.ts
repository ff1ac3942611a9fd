import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeVerifications } from '../../../adapters/dynamodb/jobs.ts';
import { type Backup, iso } from '../../../core/backup.ts';
import { exportSettings } from '../../../core/settings.ts';
import {
  notRun,
  type Verification,
  type VerificationSettings,
  verificationSettings,
} from '../../../core/verification.ts';
import { wantVerification } from '../../../functions/export/request-verification.ts';
import { completionOf, DAY, pendingBackup, silent } from '../../support/backups.ts';
import { startTables, type Tables } from '../../support/tables.ts';

/** A Saturday, 02:00 UTC. */
const SATURDAY = Date.UTC(2026, 10, 21, 2);

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const completed = (changes: Partial<Backup> = {}): Backup => {
  const backup = pendingBackup(changes);
  return { ...backup, ...completionOf(backup), status: 'completed' };
};

const place = async (
  which: VerificationSettings['which'],
  settings: { readonly compare?: 'rows'; readonly taken?: 'rows' } = {},
) => {
  let now = SATURDAY;
  const clock = () => now;
  const access = { table: await tables.newTable(), client: tables.client, clock };
  const verifications = makeVerifications(access);
  const sent: string[] = [];
  const ports: Parameters<typeof wantVerification>[0] = {
    verifications,
    verificationQueue: {
      send: async (refs) => {
        sent.push(...refs.map(({ id }) => id));
        return [];
      },
    },
    clock,
    log: silent,
  };
  const options = {
    environment: 'test',
    settings: exportSettings.parse({ compare: settings.taken }),
    verification: verificationSettings.parse({ which, compare: settings.compare }),
  };
  const ask = (backup: Backup, instead: object = {}) =>
    wantVerification({ ...ports, ...instead }, options, backup);
  const rows = async (projectId = 'acme'): Promise<readonly Verification[]> =>
    (await verifications.list(projectId, { limit: 100 })).items;
  return {
    verifications,
    sent,
    ask,
    rows,
    pass: (ms: number) => {
      now += ms;
    },
    /** The next backup of the project. */
    next: (changes: Partial<Backup> = {}) => completed({ createdAt: iso(now), ...changes }),
  };
};

describe('a backup that has completed', () => {
  it('is verified if every backup is to be verified', async () => {
    const { ask, next, rows, sent } = await place('each');
    const backup = next();
    await ask(backup);
    const [row] = await rows();
    expect(row).toMatchObject({
      backupId: backup.id,
      status: 'pending',
      asked: false,
      compare: 'counts',
      source: 'main',
    });
    expect(sent).toEqual([row?.id]);
  });

  it('is requested once, even if its completion is reported twice', async () => {
    const { ask, next, rows, pass } = await place('each');
    const backup = next();
    await ask(backup);
    pass(60_000);
    await ask(backup);
    expect(await rows()).toHaveLength(1);
  });

  it('is not verified if none is to be verified', async () => {
    const { ask, next, rows, sent } = await place('none');
    await ask(next());
    expect([...(await rows()), ...sent]).toEqual([]);
  });

  it('is not verified if it holds rows only, or is not of a database', async () => {
    const { ask, next, rows } = await place('each');
    await ask(next({ content: 'data' }));
    await ask(next({ type: 'logs' }));
    expect(await rows()).toEqual([]);
  });

  it('is verified once a week, which begins on Monday at 00:00 UTC', async () => {
    const { ask, next, rows, pass } = await place('weekly');
    await ask(next());
    pass(DAY + 21 * 3_600_000);
    // Sunday, 23:00.
    await ask(next());
    expect(await rows()).toHaveLength(1);
    pass(3_600_000);
    await ask(next());
    expect(await rows()).toHaveLength(2);
    pass(DAY);
    await ask(next());
    expect(await rows()).toHaveLength(2);
  });

  it('is verified even if another project was this week, or its own verification was cancelled', async () => {
    const { ask, next, rows, pass, verifications } = await place('weekly');
    await ask(next({ projectId: 'globex' }));
    await ask(next());
    const [first] = await rows();
    if (first) await verifications.requestCancel('acme', first.id);
    pass(DAY);
    await ask(next());
    expect(await rows()).toHaveLength(2);
  });

  it('is verified even if a requested verification, or one that found a bad backup, ran this week', async () => {
    const { ask, next, rows, pass, verifications } = await place('weekly');
    await ask(next());
    const [first] = await rows();
    if (!first) throw new Error('nothing was asked for');
    await verifications.claim('acme', first.id);
    const result = { ...notRun(''), verdict: 'failed' as const };
    await verifications.complete({ projectId: 'acme', id: first.id, attempt: 1 }, { result });
    const another = first.id.replace(/.$/, (last) => (last === 'f' ? 'e' : 'f'));
    await verifications.create({ ...first, id: another, asked: true });
    pass(3_600_000);
    await ask(next());
    expect(await rows()).toHaveLength(3);
  });

  it('is in a share of the projects, always the same one', async () => {
    const { ask, next, rows } = await place({ share: 0.3 });
    const backups = Array.from({ length: 200 }, () => next());
    for (const backup of [...backups, ...backups]) await ask(backup);
    const count = (await rows()).length;
    expect(count).toBeGreaterThan(30);
    expect(count).toBeLessThan(95);
    const all = await place({ share: 1 });
    await all.ask(all.next());
    expect(await all.rows()).toHaveLength(1);
  });

  it.each([
    [{ compare: 'rows', taken: 'rows' }, 'rows'],
    [{ compare: 'rows' }, 'counts'],
    [{ taken: 'rows' }, 'counts'],
  ] as const)('under %o is compared by %s', async (settings, compare) => {
    const { ask, next, rows } = await place('each', settings);
    await ask(next());
    expect((await rows())[0]?.compare).toBe(compare);
  });

  it('stays completed, whatever fails', async () => {
    const { ask, next, rows } = await place('weekly');
    const down = () => Promise.reject(new Error('down'));
    await ask(next(), { verificationQueue: { send: down } });
    // Its row exists, and sweep sends it.
    expect(await rows()).toHaveLength(1);
    await ask(next(), { verifications: { create: down, list: down } });
    await ask(next({ projectId: 'globex' }), {
      verifications: { create: down, list: async () => ({ items: [] }) },
    });
  });
});
