import type { Context } from 'aws-lambda';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { ENV } from '../../../core/contract.ts';
import { startParameters } from '../../../local/emulators/parameters.ts';
import { newHistory } from '../../support/backups.ts';
import type { Queues } from '../../support/queues.ts';
import type { Tables } from '../../support/tables.ts';
import type { Vaults } from '../../support/vaults.ts';
import { HOUR, MINUTE, type System, TEMPLATE } from './sweeping.ts';
import { systemForEach } from './system-for-each.ts';

let it: System;
let tables: Tables;
let queues: Queues;
let vaults: Vaults;
systemForEach((made, shared) => {
  it = made;
  ({ tables, queues, vaults } = shared);
});
afterAll(() => vi.unstubAllEnvs());

const broken = () => Promise.reject(new Error('broken'));

describe('a part of the sweep that fails', () => {
  test('stops none of the others, and is reported', async () => {
    const unnotified = await it.requested();
    await it.history.cancel(await it.claimed(unnotified));
    await it.requested();
    await it.begun();
    it.pass(31 * MINUTE);
    const { counts, failures } = await it.sweep({
      queues: new Map([['main', { ...it.queue, depth: broken }]]),
      vault: {
        ...it.ports.vault,
        // biome-ignore lint/correctness/useYield: it fails before it has anything to give.
        async *uploads() {
          throw new Error('broken');
        },
      },
    });
    expect(counts).toEqual({ outcomesSentAgain: 1, plansStarted: 1 });
    expect(failures.map(({ step }) => step)).toEqual(['pending', 'uploads']);
  });

  test('for one backup blocks none of the others', async () => {
    const first = await it.requested({ projectId: 'first' });
    for (const projectId of ['second', 'third']) {
      const backup = await it.requested({ projectId });
      await it.history.cancel(await it.claimed(backup));
    }
    await it.history.cancel(await it.claimed(first));
    it.pass(10 * MINUTE);
    const send = it.ports.outcomes.send;
    const { counts, failures } = await it.sweep({
      outcomes: {
        send: async (message) =>
          message.kind === 'backup' && message.projectId === 'first' ? broken() : send(message),
      },
    });
    expect(counts).toEqual({ outcomesSentAgain: 2 });
    expect(failures).toHaveLength(1);
  });

  test('for every one of many is given up early', async () => {
    for (let index = 0; index < 100; index += 1) {
      const backup = await it.requested({ projectId: `project-${index}` });
      await it.history.cancel(await it.claimed(backup));
    }
    it.pass(10 * MINUTE);
    const { failures } = await it.sweep({ outcomes: { send: broken } });
    expect(failures.length).toBeGreaterThanOrEqual(20);
    expect(failures.length).toBeLessThan(100);
  });

  test('counts requests that the queue did not accept as a failure', async () => {
    await it.requested();
    it.pass(6 * MINUTE);
    const { failures } = await it.sweep({
      queues: new Map([['main', { ...it.queue, send: async (messages) => messages }]]),
    });
    expect(failures).toMatchObject([{ step: 'pending' }]);
    expect(await it.openIds('pending')).toHaveLength(1);
  });
});

describe('the function', () => {
  const load = async (variables: Record<string, string>) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    vi.resetModules();
    const { handler } = await import('../../../functions/sweep/handler.ts');
    return () => handler({}, { getRemainingTimeInMillis: () => 300_000 } as Context);
  };

  test('repairs what it can, and fails when a part of it failed', async () => {
    // The handler uses the machine's clock.
    const past = await newHistory(tables, Date.now() - HOUR);
    const at = iso(past.access.clock());
    const backup = await past.pending({ createdAt: at, queuedAt: at });
    const vault = await vaults.newVault();
    const route = {
      source: 'main',
      exportsQueue: queues.newQueue('sweep-handler.fifo'),
      discoverFunction: 'discover',
      planFunction: 'plan',
    };
    const parameters = await startParameters(new Map([['routes', JSON.stringify([route])]]));
    onTestFinished(() => parameters.close());
    const variables = {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
      AWS_ENDPOINT_URL_SQS: queues.endpoint,
      AWS_ENDPOINT_URL_S3: vaults.endpoint,
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
      [ENV.historyTable]: past.access.table,
      [ENV.vaultBucket]: vault.bucket,
      [ENV.keyTemplate]: TEMPLATE,
      [ENV.outcomesQueue]: queues.newQueue('sweep-handler-outcomes'),
      [ENV.verificationsQueue]: queues.newQueue('verifications.fifo'),
      [ENV.schedules]: '[]',
      [ENV.routes]: 'routes',
      [ENV.eraseFunction]: 'erase',
      AWS_ENDPOINT_URL_SSM: parameters.url,
    };
    const invoke = await load(variables);
    expect(await invoke()).toEqual({ requestsSentAgain: 1 });
    expect(queues.bodies('sweep-handler.fifo')).toEqual([
      { projectId: backup.projectId, backupId: backup.id },
    ]);
    const failing = await load({ [ENV.vaultBucket]: `${vault.bucket}-gone` });
    await expect(failing()).rejects.toThrow(/uploads/);
  });
});
