import { describe, expect, test } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { iso } from '../../../core/backup.ts';
import { TABLE } from '../../../core/contract.ts';
import { IdempotencyConflict, InvalidInput } from '../../../core/errors/request.ts';
import type { BackupQuery } from '../../../core/history-ports.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { inParallel } from '../../../core/parallel.ts';
import {
  completionOf,
  DAY,
  NIGHT,
  newHistory,
  pendingBackup,
  type TestHistory,
} from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';
import type { Tables } from '../../support/tables.ts';

let it: TestHistory;
let tables: Tables;
historyForEach((made, shared) => {
  it = made;
  tables = shared;
});

const failure = { name: 'SchemaNotFound', message: 'There is no such schema.' };
const at = (ms: number, changes: Partial<Backup> = {}): Partial<Backup> => ({
  createdAt: iso(NIGHT + ms),
  ...changes,
});

/** Ids of all pages of a list, newest first, each page of the limit's size but the last. */
const pages = async (projectId: string, query: BackupQuery): Promise<string[][]> => {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await it.history.list(projectId, { ...query, ...(cursor && { cursor }) });
    found.push(page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor);
  return found;
};

describe("a project's list", () => {
  test('is newest first, in full pages, and ends after the last backup', async () => {
    const ids: string[] = [];
    for (let second = 0; second < 7; second += 1) ids.unshift((await it.pending(at(second))).id);
    expect(await pages('acme', { limit: 3 })).toEqual([
      ids.slice(0, 3),
      ids.slice(3, 6),
      ids.slice(6),
    ]);
    expect(await pages('acme', { limit: 7 })).toEqual([ids]);
    expect(await pages('nobody', { limit: 7 })).toEqual([[]]);
  });

  test('has full pages of matching backups, however few match', async () => {
    const wanted: string[] = [];
    for (let second = 0; second < 60; second += 1) {
      const backup = await it.pending(at(second));
      if (second % 12 !== 0) continue;
      await it.history.fail(await it.claimed(backup), failure);
      wanted.unshift(backup.id);
    }
    expect(await pages('acme', { limit: 2, status: 'failed' })).toEqual([
      wanted.slice(0, 2),
      wanted.slice(2, 4),
      wanted.slice(4),
    ]);
  });

  test('is filtered by type and by dates, both ends included', async () => {
    const logs = await it.pending(at(0, { type: 'logs' }));
    const one = await it.pending(at(1000));
    const two = await it.pending(at(2000));
    await it.pending(at(3000));
    expect(await pages('acme', { limit: 9, type: 'logs' })).toEqual([[logs.id]]);
    const from = one.createdAt;
    expect(await pages('acme', { limit: 9, from, to: two.createdAt })).toEqual([[two.id, one.id]]);
  });

  test.each([
    [{ trigger: 'manual' }, ['small']],
    [{ name: 'mal' }, ['small']],
    [{ validation: 'verified' }, ['large']],
    [{ minSize: 1000 }, ['large', 'small']],
    [{ minSize: 1001 }, ['large']],
    [{ maxSize: 4999 }, ['small']],
    [{ minSize: 1001, maxSize: 4999 }, []],
    [{ sort: 'oldest', status: 'completed' }, ['small', 'large']],
  ] as const)('is filtered by %j', async (query, wanted) => {
    const small = await it.pending(at(1000, { trigger: 'manual', name: 'small' }));
    await it.history.complete(await it.claimed(small), completionOf(small));
    const large = await it.pending(at(2000, { name: 'large', validation: 'verified' }));
    await it.history.complete(await it.claimed(large), completionOf(large, { size: 5000 }));
    await it.pending(at(3000));
    const { items } = await it.history.list('acme', { limit: 9, ...query });
    expect(items.map(({ name }) => name)).toEqual(wanted);
  });

  test('goes on in its order only', async () => {
    for (const second of [0, 1, 2]) await it.pending(at(second));
    const { items, cursor = '' } = await it.history.list('acme', { limit: 1, sort: 'oldest' });
    const rest = await it.history.list('acme', { limit: 9, sort: 'oldest', cursor });
    const all = await it.history.list('acme', { limit: 9 });
    expect([...items, ...rest.items]).toEqual(all.items.toReversed());
    await expect(it.history.list('acme', { limit: 1, cursor })).rejects.toThrow(InvalidInput);
  });

  test('hides an expired backup at once, even if its row still exists', async () => {
    const backup = await it.pending();
    await it.history.fail(await it.claimed(backup), failure);
    it.pass(30 * DAY - 1);
    expect(await pages('acme', { limit: 9 })).toEqual([[backup.id]]);
    it.pass(1);
    expect(await pages('acme', { limit: 9 })).toEqual([[]]);
    expect(await pages('acme', { limit: 9, status: 'failed' })).toEqual([[]]);
    expect(await it.row(backup)).toBeDefined();
  });

  test('shows open work, however old', async () => {
    const backup = await it.pending();
    it.pass(31 * DAY);
    expect(await pages('acme', { limit: 9 })).toEqual([[backup.id]]);
  });

  test("holds only its own backups, whatever the project's name", async () => {
    const hostile = [
      "it's",
      'a"b',
      'line\nbreak',
      'PROJECT#acme',
      'acme#BACKUP#',
      '🐘',
      '../x',
      '\u0000',
      'acme ',
    ];
    const ids = new Map<string, string>();
    for (const projectId of [...hostile, 'acme']) {
      const backup = await it.pending({ projectId });
      await it.history.heartbeat(await it.claimed(backup));
      ids.set(projectId, backup.id);
    }
    for (const [projectId, id] of ids) {
      expect(await pages(projectId, { limit: 9 })).toEqual([[id]]);
      expect((await it.history.get(projectId, id))?.projectId).toBe(projectId);
      expect(await it.history.get('acme', id)).toEqual(
        projectId === 'acme' ? expect.anything() : undefined,
      );
    }
  });

  test("refuses another project's cursor, and every altered one", async () => {
    for (const projectId of ['acme', 'acme-2']) {
      for (const second of [0, 1, 2]) await it.pending(at(second, { projectId }));
    }
    const { cursor = '' } = await it.history.list('acme', { limit: 1 });
    const refused = (projectId: string, altered: string) =>
      expect(it.history.list(projectId, { limit: 1, cursor: altered })).rejects.toThrow(
        InvalidInput,
      );
    await refused('acme-2', cursor);
    for (const altered of ['', 'x', `${cursor}A`, `${cursor}=`, cursor.slice(1), 'ä', 'e30']) {
      await refused('acme', altered);
    }
    for (let index = 0; index < cursor.length; index += 7) {
      const other = cursor[index] === 'A' ? 'B' : 'A';
      await refused('acme', cursor.slice(0, index) + other + cursor.slice(index + 1));
    }
    expect((await it.history.list('acme', { limit: 5, cursor })).items).toHaveLength(2);
  });

  test('continues after a row that was removed in between', async () => {
    const oldest = await it.pending(at(0));
    await it.pending(at(1));
    const { cursor = '' } = await it.history.list('acme', { limit: 1 });
    const elsewhere = await newHistory(tables);
    await elsewhere.history.create(oldest);
    const page = await elsewhere.history.list('acme', { limit: 5, cursor });
    expect(page.items.map(({ id }) => id)).toEqual([oldest.id]);
  });
});

describe("a day's list", () => {
  test('is newest first over all projects, with whole rows, and stops at its limit', async () => {
    const ids: string[] = [];
    for (let second = 0; second < 25; second += 1) {
      const backup = await it.pending(at(second * 1000, { projectId: `project-${second}` }));
      ids.unshift(backup.id);
    }
    await it.pending(at(DAY));
    await it.pending(at(-DAY));
    const { items } = await it.history.ofDay('2026-11-21', { limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(ids.slice(0, 10));
    expect(items[0]).toMatchObject({
      description: '',
      environment: 'test',
      retentionClass: 'daily',
    });
    expect((await it.history.ofDay('2026-11-21', { limit: 100 })).items).toHaveLength(25);
    expect(await it.history.ofDay('2026-11-19', { limit: 100 })).toEqual({ items: [] });
  });

  test.each(['newest', 'oldest'] as const)(
    'has every backup once, page by page, %s first',
    async (sort) => {
      const ids: string[] = [];
      for (let second = 0; second < 25; second += 1)
        ids.push((await it.pending(at(second * 1000, { projectId: `project-${second}` }))).id);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await it.history.ofDay('2026-11-21', {
          limit: 7,
          sort,
          ...(cursor && { cursor }),
        });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor);
      expect(seen).toEqual(sort === 'oldest' ? ids : ids.toReversed());
    },
  );

  test('goes on behind rows that its filter leaves out, or that were removed since the index saw them', async () => {
    const kept: string[] = [];
    for (let second = 0; second < 30; second += 1) {
      const backup = await it.pending(
        at(second * 1000, {
          projectId: `p${second}`,
          trigger: second % 5 ? 'scheduled' : 'manual',
        }),
      );
      if (second % 5 === 0) kept.unshift(backup.id);
    }
    const query = { limit: 4, trigger: 'manual' } as const;
    const { items, cursor = '' } = await it.history.ofDay('2026-11-21', query);
    const rest = await it.history.ofDay('2026-11-21', { ...query, cursor });
    expect([...items, ...rest.items].map(({ id }) => id)).toEqual(kept);
    expect(rest.cursor).toBeUndefined();
    await expect(it.history.ofDay('2026-11-20', { limit: 4, cursor })).rejects.toThrow(
      InvalidInput,
    );
    await expect(
      it.history.ofDay('2026-11-21', { limit: 4, cursor, sort: 'oldest' }),
    ).rejects.toThrow(InvalidInput);
  });
});

describe('creating', () => {
  test('the same backup many times at once writes it once', async () => {
    const backup = pendingBackup();
    const answers = await Promise.all(Array.from({ length: 10 }, () => it.history.create(backup)));
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(1);
  });

  test('a backup again changes nothing in the existing one', async () => {
    const backup = await it.pending();
    await it.claimed(backup);
    const before = await it.row(backup);
    expect(await it.history.create({ ...backup, name: 'other' })).toBe('exists');
    expect(await it.row(backup)).toEqual(before);
  });

  test('keeps names and descriptions as far as they can be stored', async () => {
    const backup = await it.pending({ name: '🐘 "x"', description: "a\n'b'; DROP TABLE x;--" });
    expect(await it.history.get('acme', backup.id)).toEqual(backup);
  });
});

describe('an idempotency key', () => {
  test('returns the first backup again for the same request, for a day', async () => {
    const [one, two] = [uuidv7(1), uuidv7(2)];
    const remember = (id: string) => it.history.remember('acme', 'key', 'hash', id);
    expect(await remember(one)).toBe(one);
    expect(await remember(two)).toBe(one);
    it.pass(DAY);
    expect(await remember(two)).toBe(two);
  });

  test('returns one backup to many simultaneous requests', async () => {
    const ids = Array.from({ length: 10 }, () => uuidv7(1));
    const kept = await Promise.all(ids.map((id) => it.history.remember('acme', 'k', 'h', id)));
    expect(new Set(kept).size).toBe(1);
  });

  test('refuses a different request, and is separate for each project', async () => {
    await it.history.remember('acme', 'key', 'hash', uuidv7(1));
    await expect(it.history.remember('acme', 'key', 'other', uuidv7(2))).rejects.toThrow(
      IdempotencyConflict,
    );
    const id = uuidv7(3);
    expect(await it.history.remember('other', 'key', 'hash', id)).toBe(id);
  });

  test('may contain anything, of any length', async () => {
    for (const key of ['🐘\n"\'', 'x'.repeat(5000)]) {
      const id = uuidv7(1);
      expect(await it.history.remember('acme', key, 'hash', id)).toBe(id);
      expect(await it.history.remember('acme', key, 'hash', uuidv7(2))).toBe(id);
    }
  });
});

test('waiting backups of more than one page a shard are all found, each once', async () => {
  // DynamoDB returns at most a megabyte: 100 rows of 16 kB are two pages.
  const projectName = 'n'.repeat(16_000);
  const backups = Array.from({ length: 100 * TABLE.shards }, (_, index) =>
    pendingBackup({
      projectId: `project-${index}`,
      projectName,
      id: uuidv7(NIGHT, `backup-${index}`),
    }),
  );
  await inParallel(backups, 32, (backup) => it.history.create(backup));
  expect(await it.openIds('pending')).toEqual(backups.map(({ id }) => id).sort());
});
