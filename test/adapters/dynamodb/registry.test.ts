import { describe, expect, test } from 'vitest';
import { DuplicateProject } from '../../../core/errors/planning.ts';
import { InvalidInput } from '../../../core/errors/request.ts';
import type { Project } from '../../../core/project.ts';
import type { TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const projectOf = (id: string, changes: Partial<Project> = {}): Project => ({
  id,
  name: `Project ${id}`,
  schemaName: id,
  status: 'ACTIVE',
  ...changes,
});
const seenAt = '2026-11-21T02:00:00.000Z';
const HOSTILE = ["it's", 'a"b', 'line\nbreak', 'main#x', 'PROJECT#', '🐘', '\uffee', '../x', ' '];

describe('the registry', () => {
  test('returns a project as it was seen, whatever its name', async () => {
    for (const id of HOSTILE) await it.registry.register(projectOf(id), 'main');
    for (const id of HOSTILE) {
      expect(await it.registry.get(id)).toEqual({ ...projectOf(id), source: 'main', seenAt });
    }
    expect(await it.registry.get('nobody')).toBeUndefined();
  });

  test('lists all projects by source and id in the order of their bytes, each once', async () => {
    const expected: string[] = [];
    for (const source of ['main', 'second']) {
      const ids = [...HOSTILE.map((id) => `${source}-${id}`), `${source}-plain`];
      for (const id of ids) await it.registry.register(projectOf(id), source);
      expected.push(
        ...ids.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
      );
    }
    for (const limit of [1, 3, 20, 100]) {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await it.registry.list(limit, cursor);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        found.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor);
      expect(found).toEqual(expected);
    }
  });

  test('refuses an invalid cursor', async () => {
    await expect(it.registry.list(5, 'nonsense')).rejects.toThrow(InvalidInput);
    await it.registry.register(projectOf('acme'), 'main');
    for (const second of [0, 1]) {
      const at = `2026-11-21T02:00:0${second}.000Z`;
      await it.pending({ createdAt: at, queuedAt: at });
    }
    const { cursor = '' } = await it.history.list('acme', { limit: 1 });
    await expect(it.registry.list(5, cursor)).rejects.toThrow(InvalidInput);
  });

  test("returns one source's projects and no others", async () => {
    for (const id of ['a', 'b']) await it.registry.register(projectOf(id), 'main');
    await it.registry.register(projectOf('c'), 'main-2');
    expect([...(await it.registry.ofSource('main')).keys()].sort()).toEqual(['a', 'b']);
    expect((await it.registry.ofSource('main-2')).get('c')).toEqual({
      ...projectOf('c'),
      source: 'main-2',
      seenAt,
    });
  });
});

describe('an id that two sources list', () => {
  test('is refused to the second, with both names, and the first keeps it', async () => {
    await it.registry.register(projectOf('acme'), 'main');
    const second = it.registry.register(projectOf('acme', { name: 'Other' }), 'second');
    await expect(second).rejects.toThrow(DuplicateProject);
    await expect(second).rejects.toThrow(/"main".*"second"/);
    expect(await it.registry.get('acme')).toMatchObject({ source: 'main', name: 'Project acme' });
  });

  test('is given to one of them when both register it at once', async () => {
    const sources = ['one', 'two', 'three', 'four'];
    const answers = await Promise.allSettled(
      sources.map((source) => it.registry.register(projectOf('acme'), source)),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('moves to the second once the first no longer has it', async () => {
    await it.registry.register(projectOf('acme'), 'main');
    await it.registry.retire('acme', 'main');
    expect((await it.registry.get('acme'))?.status).toBe('GONE');
    await it.registry.register(projectOf('acme'), 'second');
    expect(await it.registry.get('acme')).toMatchObject({ source: 'second', status: 'ACTIVE' });
    expect((await it.registry.ofSource('main')).size).toBe(0);
  });

  test('is not marked GONE by a source that does not have it', async () => {
    await it.registry.register(projectOf('acme'), 'main');
    await it.registry.retire('acme', 'second');
    await it.registry.retire('nobody', 'second');
    expect((await it.registry.get('acme'))?.status).toBe('ACTIVE');
    expect(await it.registry.get('nobody')).toBeUndefined();
  });
});
