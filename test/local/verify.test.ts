import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { makeApiClient, type ShownBackup } from '../../local/start/api-client.ts';
import { isGood } from '../../local/start/first-run.ts';
import { jsonText, tableText } from '../../local/start/report.ts';
import { verifyBackups } from '../../local/start/verify.ts';

/** The API of a stack whose verifications end as the test wants. */
type Verdict = 'verified' | 'failed' | 'could-not-run';
interface Ending {
  readonly status: 'completed' | 'failed';
  readonly verdict?: Verdict;
  readonly why?: string;
  readonly differences?: readonly string[];
  readonly differenceCount?: number;
  /** The row has another result. */
  readonly noted?: string;
  /** The request is refused. */
  readonly refused?: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const backupOf = (projectId: string, own: object = {}): ShownBackup => ({
  id: `backup-of-${projectId}`,
  projectId,
  status: 'completed',
  validation: 'unverified',
  fileId: `backups/${projectId}.dump`,
  ...own,
});

const answersOf = (endings: Readonly<Record<string, Ending>>) => {
  const looks = new Map<string, number>();
  return ({ method, url = '' }: IncomingMessage): { status: number; body: object } => {
    const [, projectId = '', rest = ''] =
      /^\/projects\/([^/]+)\/backups\/backup-of-[^/]+(.*)$/.exec(url) ?? [];
    const ending = endings[projectId];
    if (!ending) return { status: 404, body: { detail: 'unknown' } };
    const looked = (looks.get(url) ?? 0) + 1;
    looks.set(url, looked);
    if (method === 'POST' && rest === '/verify') {
      return ending.refused
        ? { status: 409, body: { detail: ending.refused } }
        : { status: 202, body: { id: 'v', status: 'pending' } };
    }
    if (rest === '/verifications/v') {
      if (looked < 2) return { status: 200, body: { id: 'v', status: 'in-progress' } };
      const { status, verdict, why, differences = [] } = ending;
      const { differenceCount = differences.length } = ending;
      const result = verdict && { verdict, why, differences, differenceCount };
      return { status: 200, body: { id: 'v', status, result } };
    }
    // The backup's row is written a moment later.
    const validation = looked < 2 ? 'verifying' : (ending.noted ?? ending.verdict);
    return { status: 200, body: backupOf(projectId, { validation }) };
  };
};

const verified = async (endings: Readonly<Record<string, Ending>>, more: ShownBackup[] = []) => {
  const answer = answersOf(endings);
  const server = createServer((request, response) => {
    const { status, body } = answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const backups = [...Object.keys(endings).map((projectId) => backupOf(projectId)), ...more];
  const ended: string[] = [];
  const found = await verifyBackups({
    api: makeApiClient(`http://127.0.0.1:${port}`, 'token'),
    backups,
    signal: new AbortController().signal,
    everyMs: 1,
    onEnded: ({ backup }) => ended.push(backup.projectId),
  });
  expect(ended.toSorted()).toEqual(Object.keys(endings).toSorted());
  const part = { planned: backups.length, skippedCount: 0, skipped: [] };
  const counts = { planned: backups.length, pending: 0, 'in-progress': 0 };
  const run = { id: 'r', schedule: 'nightly', scheduledAt: '', sources: [], parts: { demo: part } };
  return { run: { ...run, counts }, backups, verified: found };
};

describe('npm start -- --verify', () => {
  it('succeeds if all backups were restored unchanged, and shows it', async () => {
    const good = { status: 'completed', verdict: 'verified' } as const;
    const result = await verified({ acme: good, globex: good });
    expect(isGood(result)).toBe(true);
    const [head = '', first = '', , ...lines] = tableText(result, '/vault').split('\n');
    expect(head.split(/ {2,}/).slice(-3)).toEqual(['status', 'validation', 'file']);
    expect(first).toMatch(/completed {2}verified/);
    expect(first).toMatch(/ {2}acme\.dump$/);
    expect(lines).toEqual([
      'The files are in /vault/backups.',
      '2 of 2 backups were restored and match their source.',
    ]);
    expect(JSON.parse(jsonText(result)).backups).toMatchObject([
      { projectId: 'acme', validation: 'verified', verification: { id: 'v' } },
      { projectId: 'globex', validation: 'verified', verification: { id: 'v' } },
    ]);
  });

  it.each<[string, Ending, string]>([
    [
      'differs',
      {
        status: 'completed',
        verdict: 'failed',
        differences: ['1', '2', '3', '4', '5', '6'],
        differenceCount: 70,
      },
      'acme: verification failed: 1; 2; 3; 4; 5; and 65 more',
    ],
    [
      'could not be verified',
      { status: 'completed', verdict: 'could-not-run', why: 'no hstore here.' },
      'acme: verification could not run: no hstore here.',
    ],
    [
      'is not verified by a worker that died',
      { status: 'failed', noted: 'could-not-run' },
      'acme: verification could not run: it ended without a result',
    ],
    [
      'may not be verified',
      { status: 'completed', refused: 'It holds logs.' },
      'acme: verification could not run: The API answered POST /projects/acme/backups/backup-of-acme/verify with: It holds logs.',
    ],
    [
      'is verified although its row says otherwise',
      { status: 'completed', verdict: 'verified', noted: 'could-not-run' },
      'acme: verified, but the backup’s row says could-not-run',
    ],
  ])('fails if one %s, and reports which and why', async (_, ending, line) => {
    const good = { status: 'completed', verdict: 'verified' } as const;
    const result = await verified({ acme: ending, globex: good });
    expect(isGood(result)).toBe(false);
    expect(tableText(result, '/vault').split('\n')).toContain(line);
    expect(tableText(result, '/vault')).toContain('1 of 2 backups were restored');
  });

  it('requests none for projects without a backup, which do not count as success', async () => {
    const good = { status: 'completed', verdict: 'verified' } as const;
    const result = await verified({ acme: good }, [backupOf('globex', { status: 'failed' })]);
    expect(result.verified).toHaveLength(1);
    expect(isGood(result)).toBe(false);
  });

  it('mentions no verifications if none were requested', async () => {
    const { verified: _, ...result } = await verified({});
    const text = tableText({ ...result, backups: [backupOf('acme')] }, '/vault');
    expect(text).not.toMatch(/validation|came back/);
  });
});

describe('what a start reads from its own API', () => {
  it('is read again while the API is too busy, with the token, and a refusal ends it', async () => {
    const answers = [504, 503, 429, 200, 401];
    const tokens: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      const status = answers.shift() ?? 500;
      response.writeHead(status).end(status === 504 ? 'no JSON' : JSON.stringify({ running: [] }));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const api = makeApiClient(`http://127.0.0.1:${port}`, 'token', 1);
    expect(await api.running()).toEqual([]);
    await expect(api.running()).rejects.toThrow(/401/);
    expect(tokens).toEqual(Array.from({ length: 5 }, () => 'Bearer token'));
  });
});
