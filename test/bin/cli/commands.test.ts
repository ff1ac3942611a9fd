import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasHidden } from '../../../core/printable.ts';
import {
  type Answering,
  backupOf,
  type Ended,
  type FakeApi,
  ID,
  larder,
  restoreOf,
  startApi,
} from './support.ts';

let api: FakeApi;
let folder: string;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'larder-cli-'));
  api.asked.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));
afterAll(() => api.close());

/** Over the test's API, as over a deployed one. */
const run = (answering: Answering, ...args: readonly string[]): Promise<Ended> => {
  api.answering = answering;
  return larder(['--endpoint', api.url, '--region', 'eu-central-1', ...args], { cwd: folder });
};
const always =
  (body: unknown, status = 200): Answering =>
  () => ({ status, body });

describe('a request', () => {
  it('is signed for execute-api, whatever the ids contain', async () => {
    const project = `Müller & "Söhne"/../x?y=%2F`;
    const { status } = await run(
      always({ items: [] }),
      'backup',
      'list',
      project,
      '--from',
      '2026-11-01T00:00:00Z',
    );
    expect(status).toBe(0);
    const [asked] = api.asked;
    expect(asked?.isSigned).toBe(true);
    expect(asked?.headers.authorization).toMatch(/\/eu-central-1\/execute-api\/aws4_request/);
    expect(asked?.url).toMatch(
      /^\/projects\/M%C3%BCller%20%26%20%22S%C3%B6hne%22%2F%2E%2E%2Fx%3Fy%3D%252F\/backups\?/,
    );
  });

  it('that may be repeated is sent again if the API is busy, with the same idempotency key', async () => {
    let calls = 0;
    const busyOnce: Answering = () => {
      calls += 1;
      return calls === 1
        ? { status: 503, body: {} }
        : { status: 202, body: backupOf({ status: 'pending' }) };
    };
    const { status } = await run(
      busyOnce,
      'backup',
      'create',
      'acme',
      '--trigger',
      'pre-migration',
    );
    expect(status).toBe(0);
    const keys = api.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(api.asked[0]?.body).toEqual({ trigger: 'pre-migration' });
  });
});

describe('the exit status', () => {
  it.each([
    [400, 2],
    [403, 4],
    [404, 3],
    [410, 3],
    [409, 1],
  ])('of an answer %i is %i, with the API’s own message', async (status, exit) => {
    const body = { detail: 'the very words', errors: ['name: too long'] };
    const ended = await run(always(body, status), 'backup', 'show', 'acme', ID);
    expect(ended.status).toBe(exit);
    expect(ended.stderr).toContain('the very words');
    expect(ended.stderr).toContain('name: too long');
    expect(ended.stdout).toBe('');
  });

  it.each([
    [['backup', 'show'], /missing required argument 'project'/],
    [['backup', 'create', 'acme', '--format', 'zip'], /Allowed choices are custom, plain, tar/],
    [['backup', 'list', 'acme', '--limit', '0'], /whole number above 0/],
    [['restore', 'elsewhere', 'acme'], /--target/],
    [['nonsense'], /unknown command/],
    [[], /Usage: larder/],
    [['--endpoint', 'x', '--stack', 'y', 'status'], /Give only one of/],
    [['--endpoint', 'nowhere', 'status'], /not the URL of an API/],
  ] as const)('of a wrong command line %j is 2, and nothing is sent', async (args, words) => {
    const ended = await larder(args, { cwd: folder, env: { AWS_REGION: 'eu-central-1' } });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toMatch(words);
    expect(api.asked).toEqual([]);
  });

  it('is 5 when the time limit has passed, and the work continues', async () => {
    const waits = always(backupOf({ status: 'in-progress', size: undefined }));
    const ended = await run(waits, 'backup', 'watch', 'acme', ID, '--timeout', '1');
    expect(ended.status).toBe(5);
    expect(api.asked.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('is 1 for a backup that failed while it was waited for', async () => {
    const fails: Answering = ({ method }) => ({
      body: backupOf(
        method === 'POST'
          ? { status: 'pending' }
          : { status: 'failed', error: { name: 'SchemaNotFound', message: 'there is no schema' } },
      ),
    });
    const ended = await run(fails, 'backup', 'create', 'acme', '--wait');
    expect(ended.status).toBe(1);
    expect(ended.stdout).toContain('SchemaNotFound: there is no schema');
  });

  it('is 1 if there is no answer', async () => {
    const ended = await larder(['--endpoint', 'http://127.0.0.1:1', '--region', 'x', 'status'], {
      cwd: folder,
    });
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/can.t be reached/);
  });
});

describe('standard output', () => {
  it('is one JSON document with --json, and the answer whole', async () => {
    const answer = { ...backupOf(), somethingNew: [1, 2] };
    const { stdout, stderr } = await run(always(answer), 'backup', 'show', 'acme', ID, '--json');
    expect(JSON.parse(stdout)).toEqual(answer);
    expect(stderr).toBe('');
  });

  it('cannot be moved or colored by a name', async () => {
    const evil = 'x\u001b[31mred\u001b[2J\u202e\r\n';
    const bad = backupOf({
      name: evil,
      error: { name: 'X', message: evil },
      status: 'failed',
      warnings: [evil],
    });
    const list = await run(always({ items: [backupOf({ id: evil })] }), 'backup', 'list', 'acme');
    const show = await run(always(bad), 'backup', 'show', 'acme', ID);
    const json = await run(always(bad), 'backup', 'show', 'acme', ID, '--json');
    for (const { stdout } of [list, show, json])
      expect(hasHidden(stdout.replaceAll('\n', ''))).toBe(false);
    expect(JSON.parse(json.stdout)).toEqual(bad);
  });

  it('fits 80 columns', async () => {
    const rows = [
      backupOf({ status: 'in-progress' }),
      backupOf({ validation: 'could-not-run', size: 999_000_000 }),
    ];
    const { stdout } = await run(always({ items: rows }), 'backup', 'list', 'acme');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^BACKUP +CREATED +STATUS +VERIFIED +SIZE$/m);
  });

  it('reads the pages of a list until there are enough', async () => {
    const pages: Answering = ({ url }) => {
      const query = new URLSearchParams(url.split('?')[1]);
      const from = Number(query.get('cursor') ?? 0);
      const count = Number(query.get('limit'));
      const items = Array.from({ length: count }, (_, i) => backupOf({ id: `b${from + i}` }));
      return { body: { items, cursor: String(from + count) } };
    };
    const { stdout } = await run(pages, 'backup', 'list', 'acme', '--limit', '150', '--json');
    const { items } = JSON.parse(stdout) as { items: { id: string }[] };
    expect(items.map(({ id }) => id)).toEqual(Array.from({ length: 150 }, (_, i) => `b${i}`));
    expect(api.asked).toHaveLength(2);
  });
});

describe('a list', () => {
  it('passes its filters on', async () => {
    const empty = always({ items: [] });
    const { stderr } = await run(
      empty,
      ...['backup', 'list', 'acme', '--trigger', 'manual', '--name', 'before', '--pinned'],
      ...['--validation', 'verified', '--min-size', '10', '--max-size', '20', '--sort', 'oldest'],
    );
    const query = new URLSearchParams(api.asked[0]?.url.split('?')[1]);
    expect(Object.fromEntries(query)).toEqual({
      trigger: 'manual',
      name: 'before',
      pinned: 'true',
      validation: 'verified',
      minSize: '10',
      maxSize: '20',
      sort: 'oldest',
      limit: '20',
    });
    expect(stderr).toContain('Project acme has no such backups.');
  });

  it.each([
    [['acme', '--day', '2026-11-21'], /--day: only without a project/],
    [['--pinned'], /--pinned: only for the backups of one project/],
  ] as const)('refuses the options %j of the other kind of list', async (args, words) => {
    const { status, stderr } = await run(always({ items: [] }), 'backup', 'list', ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(words);
    expect(api.asked).toEqual([]);
  });

  it('of all projects is of one day, and fits 80 columns', async () => {
    const items = [backupOf({ projectId: 'acme', size: 999_000_000, status: 'in-progress' })];
    const { stdout } = await run(always({ items }), 'backup', 'list', '--day', '2026-11-21');
    expect(api.asked[0]?.url).toBe('/backups?day=2026-11-21&limit=20');
    expect(stdout).toMatch(/^PROJECT +BACKUP +CREATED +STATUS +SIZE$/m);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('of runs, and of the tables of a backup, is a table', async () => {
    const one = {
      id: ID,
      schedule: 'nightly',
      scheduledAt: '2026-11-21T02:00:00.000Z',
      sources: ['main'],
      parts: { main: { planned: 3, skippedCount: 0, skipped: [] } },
      links: { self: `/runs/${ID}` },
    };
    const runs = await run(always({ items: [one] }), 'run', 'list');
    expect(runs.stdout).toMatch(new RegExp(`^${ID} .* nightly +running +3$`, 'm'));
    for (const line of runs.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);

    const orders = { schema: 'acme', name: 'orders', kind: 'table', rows: 1200, bytes: 8192 };
    const manifest = { version: 1, tables: [orders, { ...orders, name: 'totals', rows: null }] };
    const tables = await run(always(manifest), 'backup', 'tables', 'acme');
    expect(api.asked.at(-1)?.url).toBe('/projects/acme/backups/latest/manifest');
    expect(tables.stdout).toMatch(/^orders +table +1,200 +8.19 kB$/m);
    expect(tables.stdout).toMatch(/^totals +table +- +8.19 kB$/m);
    const whole = await run(always(manifest), 'backup', 'manifest', 'acme', ID);
    expect(JSON.parse(whole.stdout)).toEqual(manifest);
  });
});

describe('a manifest that is too large for an answer', () => {
  it('is read from the vault, without the headers of the signature', async () => {
    const manifest = { tables: [] };
    const redirecting: Answering = ({ url }) =>
      url.endsWith('/manifest')
        ? { status: 303, location: `${api.url}/object` }
        : { body: manifest };
    const { stdout } = await run(redirecting, 'backup', 'manifest', 'acme', ID);
    expect(JSON.parse(stdout)).toEqual(manifest);
    const { headers = {} } = api.asked.at(-1) ?? {};
    expect(Object.keys(headers).filter((name) => /^(authorization|x-amz-)/.test(name))).toEqual([]);
  });
});

describe('a project', () => {
  it('that was never backed up says so', async () => {
    const one = { id: 'acme', name: 'Acme', schemaName: 'acme', status: 'ACTIVE', source: 'main' };
    const { stdout } = await run(always(one), 'project', 'show', 'acme');
    expect(stdout).toMatch(/last good backup +none: it was never backed up/);
  });
});

describe('a change of a backup', () => {
  const changing: Answering = ({ method, body }) => ({
    body: backupOf(method === 'DELETE' ? { status: 'deleted' } : (body as Record<string, unknown>)),
  });

  it('is requested as it was typed, and the output says until when it is kept', async () => {
    const pinned = await run(changing, 'backup', 'pin', 'acme');
    expect(pinned.stdout).toContain('It is kept until it is unpinned.');
    const unpinned = await run(changing, 'backup', 'unpin', 'acme', ID);
    expect(unpinned.stdout).toContain('Its retention ends 2026-12-21 02:00:00 UTC.');
    const expires = '2027-01-01T00:00:00Z';
    await run(changing, 'backup', 'update', 'acme', ID, '--name', 'x', '--expires', expires);
    expect(api.asked.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['PATCH', '/projects/acme/backups/latest', { pinned: true }],
      ['PATCH', `/projects/acme/backups/${ID}`, { pinned: false }],
      ['PATCH', `/projects/acme/backups/${ID}`, { name: 'x', expiresAt: expires }],
    ]);
  });

  it('without any option is wrong usage', async () => {
    expect((await run(changing, 'backup', 'update', 'acme', ID)).status).toBe(2);
    expect(api.asked).toEqual([]);
  });

  it('may be its deletion, which names an id, and a refusal is shown', async () => {
    const args = ['--force', '--reason', 'no longer needed'];
    const { stdout } = await run(changing, 'backup', 'delete', 'acme', ID, ...args);
    expect(stdout).toContain(`Deleted backup ${ID} of 12.3 kB.`);
    expect(api.asked.map(({ method, url }) => [method, url])).toEqual([
      ['DELETE', `/projects/acme/backups/${ID}?force=true&reason=no+longer+needed`],
    ]);
    expect((await run(changing, 'backup', 'delete', 'acme', 'latest')).status).toBe(2);
    const refused = always({ detail: 'it is pinned' }, 409);
    const ended = await run(refused, 'backup', 'delete', 'acme', ID);
    expect([ended.status, ended.stderr]).toEqual([1, expect.stringContaining('it is pinned')]);
  });
});

describe('a backup that is latest at a time', () => {
  it('is asked for with the time', async () => {
    await run(always(backupOf()), 'backup', 'show', 'acme', '--at', '2026-11-21');
    expect(api.asked[0]?.url).toBe('/projects/acme/backups/latest?at=2026-11-21');
  });
});

describe('a swap', () => {
  const checked =
    (verdict: string, given: Record<string, unknown> = {}): Answering =>
    ({ method, body }) => {
      const isDry = method === 'GET' || (body as { dryRun?: boolean }).dryRun === true;
      return {
        body: restoreOf(isDry ? { dryRun: true, verdict, ...given } : { status: 'completed' }),
      };
    };
  const isSwap = (body: unknown): boolean =>
    (body as { dryRun?: boolean } | undefined)?.dryRun !== true;

  it('is not requested before it is confirmed, and the output says how', async () => {
    const ended = await run(checked('can-go-on'), 'restore', 'swap', 'acme', ID);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain('--yes acme');
    expect(api.asked.filter(({ method, body }) => method === 'POST' && isSwap(body))).toEqual([]);
  });

  it('is not requested if another project was confirmed', async () => {
    const ended = await run(checked('can-go-on'), 'restore', 'swap', 'acme', ID, '--yes', 'acmee');
    expect(ended.status).toBe(2);
    expect(api.asked.filter(({ method, body }) => method === 'POST' && isSwap(body))).toEqual([]);
  });

  it('is not requested if its dry run refuses it, and shows the reasons', async () => {
    const report = {
      schemas: [{ from: 'acme', to: 'acme' }],
      needs: { databaseBytes: 1, seconds: 1 },
      problems: ['Role app is missing.'],
      warnings: [],
    };
    const ended = await run(
      checked('refused', { report }),
      'restore',
      'swap',
      'acme',
      ID,
      '--yes',
      'acme',
    );
    expect(ended.status).toBe(1);
    expect(ended.stdout).toContain('Role app is missing.');
    expect(api.asked.filter(({ method, body }) => method === 'POST' && isSwap(body))).toEqual([]);
  });

  it('is requested with its options once it is confirmed', async () => {
    const ended = await run(
      checked('can-go-on'),
      'restore',
      'swap',
      'acme',
      ID,
      '--yes',
      'acme',
      '--repoint-dependents',
      '--no-wait',
    );
    expect(ended.status).toBe(0);
    const posts = api.asked.filter(({ method }) => method === 'POST');
    expect(posts.map(({ body }) => body)).toEqual([
      { repointDependents: true, dryRun: true },
      { repointDependents: true },
    ]);
  });
});

describe('a download', () => {
  const bytes = Buffer.from('0123456789'.repeat(5000));
  const checksum = createHash('sha256').update(bytes).digest('hex');
  const serving =
    (content: (range: number) => { bytes: Buffer; cut?: boolean; status?: number }): Answering =>
    ({ url, headers }) => {
      if (url.endsWith('/download'))
        return {
          body: {
            url: `${api.url}/object`,
            fileName: '../../acme.dump',
            size: bytes.length,
            checksum,
          },
        };
      if (url === '/object')
        return content(Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0));
      return { body: backupOf() };
    };
  const whole = serving((from) => ({ bytes: bytes.subarray(from), status: from ? 206 : 200 }));

  it('is in this folder, whatever its name, and its digest was checked', async () => {
    const { status, stdout } = await run(whole, 'backup', 'download', 'acme');
    expect(status).toBe(0);
    expect(stdout).toContain('acme.dump');
    expect(await readdir(folder)).toEqual(['acme.dump']);
    expect(await readFile(path.join(folder, 'acme.dump'))).toEqual(bytes);
    expect(api.asked.find(({ url }) => url === '/object')?.headers.authorization).toBeUndefined();
  });

  it('that was cut gets no name, and is resumed where it ended', async () => {
    const cut = serving(() => ({ bytes: bytes.subarray(0, 20_000), cut: true }));
    expect((await run(cut, 'backup', 'download', 'acme')).status).toBe(1);
    expect(await readdir(folder)).toEqual(['acme.dump.part']);
    // How much of it had arrived is up to the network.
    await writeFile(path.join(folder, 'acme.dump.part'), bytes.subarray(0, 20_000));
    expect((await run(whole, 'backup', 'download', 'acme')).status).toBe(0);
    expect(api.asked.at(-1)?.headers.range).toBe('bytes=20000-');
    expect(await readdir(folder)).toEqual(['acme.dump']);
    expect(await readFile(path.join(folder, 'acme.dump'))).toEqual(bytes);
  });

  it('that is damaged gets no name, and starts again the next time', async () => {
    const damaged = serving(() => ({ bytes: Buffer.from(bytes).fill('x', 10, 20) }));
    const ended = await run(damaged, 'backup', 'download', 'acme');
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/damaged/);
    expect(await readdir(folder)).not.toContain('acme.dump');
    expect((await run(whole, 'backup', 'download', 'acme')).status).toBe(0);
    expect(await readFile(path.join(folder, 'acme.dump'))).toEqual(bytes);
  });

  it('replaces no file that exists, unless asked', async () => {
    await writeFile(path.join(folder, 'acme.dump'), 'mine');
    const ended = await run(whole, 'backup', 'download', 'acme');
    expect(ended.status).toBe(2);
    expect(await readFile(path.join(folder, 'acme.dump'), 'utf8')).toBe('mine');
    expect((await run(whole, 'backup', 'download', 'acme', '--force')).status).toBe(0);
    expect(await readFile(path.join(folder, 'acme.dump'))).toEqual(bytes);
  });

  it('goes to a pipe, and a damaged one ends with 1', async () => {
    const { stdout, status } = await run(whole, 'backup', 'download', 'acme', '-o', '-');
    expect(status).toBe(0);
    expect(stdout).toBe(bytes.toString());
    expect(await readdir(folder)).toEqual([]);
    const damaged = serving(() => ({ bytes: bytes.subarray(1) }));
    expect((await run(damaged, 'backup', 'download', 'acme', '-o', '-')).status).toBe(1);
  });
});

describe('schedules', () => {
  const scheduleOf = (given: Record<string, unknown> = {}) => ({
    name: 'nightly',
    scope: 'all',
    managedBy: 'api',
    expression: 'cron(0 2 * * ? *)',
    timeZone: 'Europe/Berlin',
    flexibleMinutes: 15,
    retentionClass: 'weekly',
    retentionDays: 90,
    format: 'plain',
    paused: false,
    nextTimes: ['2126-11-21T02:00:00.000Z'],
    links: { self: '/schedules/nightly' },
    ...given,
  });

  it('are set for one project or for all, with the given options', async () => {
    const set = ['schedule', 'set', 'nightly', 'cron(0 2 * * ? *)'];
    const ended = await run(always(scheduleOf()), ...set, '--time-zone', 'Europe/Berlin');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain('2126-11-21 02:00:00 UTC');
    const more = ['--project', 'a/b', '--class', 'weekly', '--retention-days', '90', '--create'];
    await run(always(scheduleOf()), ...set, ...more, '--window', '15', '--paused');
    expect(api.asked.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['PUT', '/schedules/nightly', { expression: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' }],
      [
        'PUT',
        '/projects/a%2Fb/schedules/nightly',
        {
          expression: 'cron(0 2 * * ? *)',
          flexibleMinutes: 15,
          retentionClass: 'weekly',
          retentionDays: 90,
          paused: true,
        },
      ],
    ]);
    expect(api.asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '*']);
  });

  it.each([
    ['pause', true],
    ['resume', false],
  ])('%s changes nothing but that', async (command, paused) => {
    expect((await run(always(scheduleOf()), 'schedule', command, 'nightly')).status).toBe(0);
    expect(api.asked.map(({ method }) => method)).toEqual(['GET', 'PUT']);
    const { expression, timeZone, flexibleMinutes, retentionClass, retentionDays, format } =
      scheduleOf();
    expect(api.asked[1]?.body).toEqual({
      expression,
      timeZone,
      flexibleMinutes,
      retentionClass,
      retentionDays,
      format,
      paused,
    });
  });

  it('are listed in 80 columns, and one of the configuration is refused with the API’s words', async () => {
    const items = [
      scheduleOf({ projects: ['a', 'b'], managedBy: 'configuration' }),
      scheduleOf({ scope: 'project', projectId: 'acme', projectStatus: 'GONE', paused: true }),
    ];
    const { stdout } = await run(always({ items }), 'schedule', 'list');
    expect(stdout).toMatch(/acme \(gone\).*paused/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const refused = await run(
      always({ detail: 'change it there' }, 409),
      'schedule',
      'delete',
      'x',
    );
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('change it there');
  });
});

describe('erasing a project', () => {
  const erasureOf = (given: Record<string, unknown> = {}) => ({
    projectId: 'acme',
    status: 'completed',
    requestedAt: '2026-11-21T02:00:00.000Z',
    completedAt: '2026-11-21T02:05:00.000Z',
    waitingFor: 0,
    removed: { objects: 12, uploads: 0, rows: 7, schedules: 1 },
    links: { self: '/projects/acme/erase' },
    ...given,
  });

  it('needs the project’s id, once more without a terminal', async () => {
    for (const args of [[], ['--yes', 'globex']]) {
      const ended = await run(always(erasureOf()), 'project', 'erase', 'acme', ...args);
      expect(ended.status).toBe(2);
    }
    expect(api.asked).toEqual([]);
  });

  it('is confirmed to the API, and followed to its end', async () => {
    const ended = await run(always(erasureOf()), 'project', 'erase', 'acme', '--yes', 'acme');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain('2026-11-21 02:05:00 UTC');
    expect(api.asked.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', '/projects/acme/erase', { confirm: 'acme' }],
      ['GET', '/projects/acme/erase', undefined],
    ]);
  });

  it('names object lock as the reason, with exit status 1', async () => {
    const remaining = { reason: 'object-lock', objects: 3 };
    const locked = erasureOf({ status: 'in-progress', completedAt: undefined, remaining });
    const ended = await run(always(locked), 'project', 'erase', 'acme', '--yes', 'acme');
    expect(ended.status).toBe(1);
    expect(ended.stdout).toContain('3 versions of objects: object lock');
  });

  it('has a statement that is written to a new file only', async () => {
    const signed = { statement: '{}', signature: { algorithm: 'a', keyId: 'k', mac: 'm' } };
    const args = ['project', 'statement', 'acme', '-o', 'acme.json'];
    expect((await run(always(signed), ...args)).status).toBe(0);
    expect(JSON.parse(await readFile(path.join(folder, 'acme.json'), 'utf8'))).toEqual(signed);
    expect((await run(always(signed), ...args)).status).toBe(1);
  });
});
