import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHistoryRows } from '../../../adapters/dynamodb/rebuild.ts';
import type { Backup } from '../../../core/backup.ts';
import { completionOf, newHistory, pendingBackup } from '../../support/backups.ts';
import { startTables, type Tables } from '../../support/tables.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const completed = (changes: Partial<Backup> = {}): Backup => {
  const backup = pendingBackup(changes);
  return { ...backup, ...completionOf(backup), status: 'completed', attempt: 1 };
};

describe('rows of a history that is rebuilt', () => {
  it('are read over all pages of DynamoDB, each project once', async () => {
    const { access, history } = await newHistory(tables);
    const rows = makeHistoryRows(access);
    // Pages end at 1 MB: the project has three, and the table more.
    const description = 'x'.repeat(350_000);
    const ids: string[] = [];
    for (const projectId of ['acme', 'acme', 'acme', 'acme', 'acme', 'beta', 'gamma']) {
      const backup = completed({ projectId, description });
      expect(await rows.writeCompleted(backup)).toBe('written');
      if (projectId === 'acme') ids.push(backup.id);
    }
    await history.remember('delta', 'key', 'hash', ids[0] ?? '');
    expect((await rows.backupsOf('acme')).map(({ id }) => id).sort()).toEqual(ids.sort());
    const projects: string[] = [];
    for await (const projectId of rows.projects()) projects.push(projectId);
    expect(projects.sort()).toEqual(['acme', 'beta', 'gamma']);
  });

  it('are refused by name if DynamoDB could not store them', async () => {
    const { access } = await newHistory(tables);
    const rows = makeHistoryRows(access);
    const backup = completed({ description: 'x'.repeat(410_000) });
    await expect(rows.writeCompleted(backup)).rejects.toMatchObject({ name: 'InvalidInput' });
    const other = makeHistoryRows({ ...access, table: 'none' });
    await expect(other.writeCompleted(completed())).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('leave a row of any status unchanged', async () => {
    const { access, history, pending } = await newHistory(tables);
    const waiting = await pending();
    const written = await makeHistoryRows(access).writeCompleted(completed({ id: waiting.id }));
    expect(written).toBe('exists');
    expect(await history.get('acme', waiting.id)).toEqual(waiting);
  });
});
