import { expect } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { countsOf } from '../../../core/completion.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { RestoreOutcome } from '../../../core/restore.ts';
import { completionOf, pendingBackup } from '../../support/backups.ts';
import { manifestOf } from '../../support/manifests.ts';
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

/** A completed backup with its manifest in the vault. */
export const storedBackup = async (
  api: TestApi,
  changes: Partial<Backup> = {},
  manifest: Partial<Manifest> = {},
): Promise<Backup> => {
  const backup = pendingBackup(changes);
  await api.history.create(backup);
  const bare = completionOf(backup);
  const { fileId: key, size: bytes, checksum: sha256 } = bare;
  const written = manifestOf(
    { ...backup, ...bare },
    {
      object: { key, bytes, sha256 },
      tables: [
        table('orders'),
        table('lines'),
        table('totals', { kind: 'materialized-view', rows: null }),
      ],
      views: [{ schema: 'acme', name: 'open_orders' }],
      ...manifest,
    },
  );
  const { sha256: manifestSha256 } = await api.vault.storeManifest(manifestKeyBeside(key), written);
  const completion = { ...bare, ...countsOf(written.tables), manifestSha256 };
  await api.history.complete(await api.claimed(backup), completion);
  return { ...backup, ...completion };
};

/** The outcome of a swap of a project. */
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

/** Starts the work on a restore of acme's. */
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
