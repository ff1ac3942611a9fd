import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { isSignedBy } from '../../../local/emulators/signature.ts';

/** The command line as a process, and an API that gives set answers and records its requests. */
const LARDER = path.resolve(import.meta.dirname, '../../../bin/larder.ts');

export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' };

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  readonly isSigned: boolean;
}

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly location?: string;
  /** Sent as they are, after which the connection is cut where `cut` is set. */
  readonly bytes?: Buffer;
  readonly cut?: boolean;
}

export type Answering = (asked: Asked) => Answer;

export interface FakeApi {
  readonly url: string;
  readonly asked: Asked[];
  answering: Answering;
  close(): Promise<void>;
}

export const startApi = async (): Promise<FakeApi> => {
  const asked: Asked[] = [];
  const server: Server = createServer(async (request, response) => {
    const given = await text(request);
    const one: Asked = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: given ? JSON.parse(given) : undefined,
      isSigned: isSignedBy(request, CREDENTIALS),
    };
    asked.push(one);
    const { status = 200, body, location, bytes, cut } = api.answering(one);
    response.statusCode = status;
    if (location !== undefined) response.setHeader('location', location);
    if (bytes === undefined) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      return;
    }
    if (!cut) return void response.end(bytes);
    // More was announced than is sent.
    response.setHeader('content-length', bytes.length * 2).write(bytes);
    request.socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const api: FakeApi = {
    url: `http://127.0.0.1:${port}`,
    asked,
    answering: () => ({ status: 404, body: { detail: 'not here' } }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return api;
};

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it in a separate folder, with credentials, and without a terminal. */
export const larder = async (
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Record<string, string> },
): Promise<Ended> => {
  const child = spawn(process.execPath, [LARDER, ...args], {
    cwd,
    env: {
      PATH: process.env.PATH ?? '',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
};

export const ID = '01a22da0-6ed5-7679-9dc1-f7f3717acce7';

export const backupOf = (given: Record<string, unknown> = {}) => ({
  id: ID,
  projectId: 'acme',
  schemaName: 'acme',
  source: 'main',
  name: 'nightly',
  content: 'full',
  trigger: 'manual',
  format: 'custom',
  compression: 'zstd',
  status: 'completed',
  validation: 'unverified',
  size: 12_345,
  rowCount: 7,
  tableCount: 2,
  createdAt: '2026-11-21T02:00:00.000Z',
  expiresAt: '2026-12-21T02:00:00.000Z',
  links: { self: `/projects/acme/backups/${ID}` },
  ...given,
});

export const restoreOf = (given: Record<string, unknown> = {}) => ({
  id: '01a22da0-d542-77c7-ac10-888c6d0e19b6',
  projectId: 'acme',
  backupId: ID,
  source: 'main',
  mode: 'swap',
  dryRun: false,
  status: 'completed',
  createdAt: '2026-11-21T02:00:00.000Z',
  links: { self: `/projects/acme/backups/${ID}/restores/x` },
  ...given,
});
