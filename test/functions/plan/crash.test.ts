import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runIdOf } from '../../../core/ids.ts';
import type { Project } from '../../../core/project.ts';
import { planRun } from '../../../functions/plan/plan-run.ts';
import type { PlanPorts } from '../../../functions/plan/ports.ts';
import { type Queues, startQueues } from '../../support/queues.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { dyingAt, Killed } from './dying.ts';
import { eventFor, planPorts, project, settings, sourceOf } from './planning.ts';

let tables: Tables;
let queues: Queues;
let sources = 0;

beforeAll(async () => {
  [tables, queues] = await Promise.all([startTables(), startQueues()]);
});
afterAll(async () => {
  await tables.stop();
  await queues.stop();
});

const small = { ...settings, chunkSize: 3 };

/** An unused source, with projects and a table of its own, so that lists of waiting work stay short. */
const newSource = async (listing: (ids: (name: string) => Project) => readonly Project[]) => {
  sources += 1;
  const name = `s${sources}`;
  const table = await tables.newTable();
  let projects = listing((id) => project(`${name}-${id}`));
  const source = sourceOf(name, () => projects);
  return {
    name,
    event: eventFor([name], { schedule: `nightly-${name}` }),
    runId: runIdOf(`nightly-${name}`, '2026-11-21T02:00:00Z'),
    ports: planPorts({ tables, queues, table }, source),
    list: (next: readonly Project[]) => {
      projects = next;
    },
  };
};
type Source = Awaited<ReturnType<typeof newSource>>;

const openIds = async (ports: PlanPorts, source: string): Promise<string[]> => {
  const ids: string[] = [];
  for await (const backup of ports.history.open('pending'))
    if (backup.source === source) ids.push(backup.projectId);
  return ids.sort();
};

/** Every planned backup has one row that waits, one message and one place on the list. */
const expectWhole = async ({ name, ports, runId }: Source): Promise<string[]> => {
  const planned = (await ports.runs.planned(runId)).filter(({ projectId }) =>
    projectId.startsWith(`${name}-`),
  );
  const projectIds = planned.map(({ projectId }) => projectId).sort();
  expect(new Set(projectIds).size).toBe(projectIds.length);
  expect(await openIds(ports, name)).toEqual(projectIds);
  const unsettled = await ports.runs.unsettled(runId);
  expect(unsettled.map(({ projectId }) => projectId).sort()).toEqual(projectIds);
  for (const { projectId, backupId, chunk } of unsettled) {
    const row = await ports.history.get(projectId, backupId);
    expect(row).toMatchObject({ status: 'pending', runId, runChunk: chunk });
  }
  const messages = queues
    .bodies(`${name}.fifo`)
    .map((body) => (body as { backupId: string }).backupId);
  expect(messages.sort()).toEqual(planned.map(({ backupId }) => backupId).sort());
  const run = await ports.runs.get(runId);
  expect(run?.parts[name]?.planned).toBe(projectIds.length);
  expect(queues.bodies(`${name}-outcomes`)).toContainEqual({ kind: 'run', runId });
  return projectIds;
};

const seven = (of: (id: string) => Project) =>
  ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => of(id));

for (const when of ['before', 'after'] as const) {
  test(`killed ${when} any of its calls took effect and run again, it plans nothing twice and leaves nothing out`, async () => {
    const whole = await newSource(seven);
    const counting = dyingAt(whole.ports, Number.POSITIVE_INFINITY, when);
    await planRun(counting.ports, small, whole.event);
    const calls = counting.calls();
    expect(calls).toBeGreaterThan(20);

    for (let at = 1; at <= calls; at += 1) {
      const source = await newSource(seven);
      const first = planRun(dyingAt(source.ports, at, when).ports, small, source.event);
      if (when === 'before') await expect(first).rejects.toThrow(Killed);
      // Stream results are not awaited by a call, so a late death may miss the last of them.
      else await first.catch((error) => expect(error).toBeInstanceOf(Killed));
      await planRun(source.ports, small, source.event);
      expect(await expectWhole(source)).toHaveLength(7);
    }
  });
}

test('the listing may change between an attempt that died and the next: the list stays one list', async () => {
  const letters = fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop'), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(letters, letters, fc.nat(40), async (before, after, at) => {
      const source = await newSource((of) => before.map(of));
      await planRun(dyingAt(source.ports, at + 1, 'before').ports, small, source.event).catch(
        (error) => expect(error).toBeInstanceOf(Killed),
      );
      source.list(after.map((id) => project(`${source.name}-${id}`)));
      await planRun(source.ports, small, source.event);
      const planned = await expectWhole(source);
      const ended = (await source.ports.runs.get(source.runId))?.parts[source.name];
      // A listing that is suddenly empty ends the part with an error; the projects already on the list are still planned.
      if (ended?.error) expect(ended.error.name).toBe('NoProjectsListed');
      for (const id of after.filter((id) => before.includes(id)))
        expect(planned).toContain(`${source.name}-${id}`);
    }),
    { numRuns: 20 },
  );
});

test('the same firing twice at once, with listings that differ, is one plan', async () => {
  const letters = fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop'), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(letters, letters, async (one, other) => {
      const source = await newSource((of) => one.map(of));
      const second: PlanPorts = {
        ...source.ports,
        source: sourceOf(source.name, () => other.map((id) => project(`${source.name}-${id}`))),
      };
      const parts = await Promise.all([
        planRun(source.ports, small, source.event),
        planRun(second, small, source.event),
      ]);
      const planned = await expectWhole(source);
      expect(parts.map(({ part }) => part.planned)).toEqual([planned.length, planned.length]);
      for (const id of one.filter((id) => other.includes(id)))
        expect(planned).toContain(`${source.name}-${id}`);
    }),
    { numRuns: 12 },
  );
});
