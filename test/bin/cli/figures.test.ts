import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answering, type Ended, type FakeApi, ID, larder, startApi } from './support.ts';

let api: FakeApi;
let folder: string;
beforeAll(async () => {
  [api, folder] = await Promise.all([startApi(), mkdtemp(path.join(tmpdir(), 'larder-cli-'))]);
});
beforeEach(() => {
  api.asked.length = 0;
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (answering: Answering, ...args: readonly string[]): Promise<Ended> => {
  api.answering = answering;
  return larder(['--endpoint', api.url, '--region', 'eu-central-1', ...args], { cwd: folder });
};
const always =
  (body: unknown, status = 200): Answering =>
  () => ({ status, body });

const MOST_COLUMNS = 80;
const expectNarrow = (text: string): void => {
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(MOST_COLUMNS);
};

const FIGURES = {
  at: '2026-11-21T02:00:00.000Z',
  window: { from: '2026-11-20', to: '2026-11-21', days: 2 },
  complete: true,
  backups: { total: 3, open: 0, completed: 2, failed: 1, cancelled: 0 },
  bytes: 3 * 1024 ** 3,
  successRate: 2 / 3,
  verifiedShare: 0.5,
  meanBytesPerSecond: 52_428_800,
  lastSuccess: { projectId: 'globex', backupId: ID, at: '2026-11-21T01:00:00.000Z' },
  byDay: [
    { day: '2026-11-20', completed: 1, failed: 1, bytes: 1024 ** 3 },
    { day: '2026-11-21', completed: 1, failed: 0, bytes: 2 * 1024 ** 3 },
  ],
};

describe('stats', () => {
  const all = {
    ...FIGURES,
    projects: { active: 2, inactive: 0, gone: 0, withoutBackup: 0, withoutVerified: 1 },
    stored: {
      at: FIGURES.at,
      objects: 6,
      bytes: 12 * 1024 ** 3,
      monthlyCost: { amount: 0.294, currency: 'USD' },
    },
  };

  it('shows all projects in 80 columns, with rates and the cost', async () => {
    const { status, stdout } = await run(always(all), 'stats', '--days', '2');
    expect(status).toBe(0);
    expect(api.asked).toMatchObject([{ method: 'GET', url: '/stats?days=2', isSigned: true }]);
    expect(stdout).toMatch(/success rate +66\.7 %/);
    expect(stdout).toMatch(/stored +12\.9 GB, about 0\.29 USD a month/);
    expect(stdout).toMatch(/^2026-11-20 +1 +1 +/m);
    expectNarrow(stdout);
  });

  it('of a project asks for its own figures, whatever its id contains', async () => {
    const one = {
      ...FIGURES,
      projectId: 'a.b/c',
      complete: false,
      stored: { backups: 9, bytes: 100, monthlyCost: { amount: 0, currency: 'USD' } },
      links: { backups: '/projects/a%2Eb%2Fc/backups' },
    };
    const ended = await run(always(one), 'stats', 'a.b/c');
    expect(ended.status).toBe(0);
    expect(api.asked).toMatchObject([{ url: '/projects/a%2Eb%2Fc/stats', isSigned: true }]);
    expect(ended.stdout).toMatch(/stored backups +9/);
    expect(ended.stdout).toContain('too much to read');
    const json = await run(always(one), 'stats', 'a.b/c', '--json');
    expect(JSON.parse(json.stdout)).toEqual(one);
  });

  it('of an unknown project ends with status 3, and a wrong window with 2', async () => {
    const missing = await run(always({ detail: 'No source has it' }, 404), 'stats', 'nobody');
    expect(missing.status).toBe(3);
    expect(missing.stderr).toContain('No source has it');
    const wrong = await run(always({ detail: 'give 1 to 31' }, 400), 'stats', '--days', '99');
    expect(wrong.status).toBe(2);
  });
});
