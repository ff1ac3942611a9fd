import { expect } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { RestoreOutcome } from '../../../core/restore.ts';
import { completionOf, pendingBackup } from '../../support/backups.ts';
import { expectProblem, type TestApi } from './calling.ts';

type Table = Manifest['tables'][number];

export const table = (name: string, changes: Partial<Table> = {}): Table => ({
  schema: 'acme',
  name,
  kind: 'table',
  rows: 3,
  bytes: 8192,
  ...changes,
});

const manifestOf = (backup: Backup, changes: Partial<Manifest>): Manifest => ({
  version: 1,
  backup: {
    id: backup.id,
    name: backup.name,
    description: '',
    type: backup.type,
    trigger: backup.trigger,
    retentionClass: 'daily',
    attempt: 1,
    createdAt: backup.createdAt,
    startedAt: backup.createdAt,
    expiresAt: backup.expiresAt,
  },
  environment: 'test',
  project: { id: backup.projectId, name: backup.projectName, schemaName: backup.schemaName },
  source: {
    name: backup.source,
    database: 'app',
    serverVersion: '17.6',
    encoding: 'UTF8',
    collation: 'C.UTF-8',
  },
  tool: { larder: '1', pgDump: '17.6' },
  options: { content: backup.content, format: backup.format, compression: 'zstd' },
  object: { key: completionOf(backup).fileId, bytes: 1000, sha256: 'a'.repeat(64) },
  tables: [
    table('orders'),
    table('lines'),
    table('totals', { kind: 'materialized-view', rows: null }),
  ],
  sequences: [],
  views: [{ schema: 'acme', name: 'open_orders' }],
  functions: [],
  types: [],
  triggers: [],
  policies: [],
  extensions: [],
  roles: [],
  outside: [],
  warnings: [],
  timings: { snapshotAt: backup.createdAt, dumpMs: 1, countMs: 1, totalMs: 2 },
  ...changes,
});

/** A completed backup with its manifest in the vault. */
export const storedBackup = async (
  api: TestApi,
  changes: Partial<Backup> = {},
  manifest: Partial<Manifest> = {},
): Promise<Backup> => {
  const backup = pendingBackup(changes);
  await api.history.create(backup);
  const completion = completionOf(backup);
  await api.history.complete(await api.claimed(backup), completion);
  const stored = { ...backup, ...completion };
  await api.vault.storeManifest(manifestKeyBeside(completion.fileId), manifestOf(stored, manifest));
  return stored;
};

/** What a swap of a project came to. */
export const swapped = (at: string): RestoreOutcome => ({
  schemas: [{ from: `acme_restored_${at}`, to: 'acme' }],
  tables: 2,
  rows: 6,
  bytesRead: 1000,
  foreignKeys: [],
  leftOut: [],
  before: [{ from: 'acme', to: `acme_before_${at}` }],
  warnings: [],
});

export const pathOf = ({ id }: { readonly id: string }): string => `/projects/acme/backups/${id}`;

/** Begins the work at a restore of acme's. */
export const claimRestore = async (api: TestApi, { id }: { readonly id: string }) => {
  const outcome = await api.api.ports.restores.claim('acme', id);
  if (outcome.kind !== 'claimed') throw new Error(`not claimed but ${outcome.kind}`);
  return outcome.claim;
};

/** The request is refused with this status, code and reason, and leaves neither a row nor a message. */
export const expectRefused = async (
  api: TestApi,
  path: string,
  body: unknown,
  [status, code, says]: readonly [number, string, RegExp],
): Promise<void> => {
  const { restores, verifications } = api.api.ports;
  const rows = async () => {
    const [made, checked] = await Promise.all(
      [restores, verifications].map((jobs) => jobs.list('acme', { limit: 100 })),
    );
    return [made?.items.length, checked?.items.length, api.restoring(), api.verifying()];
  };
  const before = await rows();
  const reply = await api.post(path, body);
  expectProblem(reply, status);
  expect(reply.json.code, reply.text).toBe(code);
  expect(reply.json.detail).toMatch(says);
  expect(await rows()).toEqual(before);
};
