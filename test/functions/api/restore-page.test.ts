import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { apiForEach } from './api-for-each.ts';
import type { TestApi } from './calling.ts';
import { claimRestore, pathOf, storedBackup, swapped } from './stored.ts';

/** Each request of docs/restore.md, run in a shell exactly as written, with the function that the page gives for it. */
const run = promisify(execFile);
const PAGE = readFileSync(new URL('../../../docs/restore.md', import.meta.url), 'utf8');
const [, LARDER = ''] = /^```sh\n(larder\(\) \{\n[\s\S]*?\n\})\n```$/m.exec(PAGE) ?? [];
const REQUESTS = PAGE.split('\n').filter((line) => /^larder .*\$API/.test(line));

let api: TestApi;
apiForEach((made) => {
  api = made;
});

interface Heard {
  readonly status: number;
  readonly authorization: string;
  readonly answer: string;
}
let server: Server;
let heard: Heard[];

const answer = async (request: IncomingMessage): Promise<Heard> => {
  const body = await text(request);
  const reply = await api.call(request.method ?? '', request.url ?? '', {
    ...(body && { body }),
    headers: { 'Content-Type': request.headers['content-type'] ?? '' },
  });
  const { authorization = '' } = request.headers;
  return { status: reply.status, authorization, answer: reply.text };
};

beforeAll(async () => {
  server = createServer((request, response) => {
    void answer(request).then((one) => {
      heard.push(one);
      response.statusCode = one.status;
      response.end(one.answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  heard = [];
});

it('the page has requests, and the function that signs them', () => {
  expect(LARDER).toContain('--aws-sigv4');
  expect(REQUESTS.length).toBeGreaterThan(10);
});

it.each(REQUESTS)('%s', async (line) => {
  const backup = await storedBackup(api);
  api.pass(1000);
  const { json: swap } = await api.post(`${pathOf(backup)}/swap`, {});
  const outcome = swapped(swap.id);
  await api.api.ports.restores.complete(await claimRestore(api, swap), { outcome });
  api.pass(1000);
  const { port } = server.address() as AddressInfo;
  const { stdout } = await run(
    'bash',
    ['-euo', 'pipefail', '-c', `${LARDER}\n${line.replace('staging', 'second')}`],
    {
      env: {
        PATH: process.env.PATH ?? '',
        API: `http://127.0.0.1:${port}`,
        BACKUP: backup.id,
        RESTORE: swap.id,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_SESSION_TOKEN: 'token',
      },
    },
  );
  expect(heard).toHaveLength(1);
  expect(heard[0]?.status, stdout).toBe(line.includes('-X POST') ? 202 : 200);
  expect(heard[0]?.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
});
