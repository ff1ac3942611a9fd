import { createHash } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DeleteCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { makeHistory } from '../../../adapters/dynamodb/history.ts';
import { makeHistoryRows } from '../../../adapters/dynamodb/rebuild.ts';
import { makeRegistry } from '../../../adapters/dynamodb/registry.ts';
import { backupKey } from '../../../adapters/dynamodb/rows.ts';
import type { Row } from '../../../adapters/dynamodb/table.ts';
import { makeVaultReader } from '../../../adapters/s3/read.ts';
import { makeVault } from '../../../adapters/s3/vault.ts';
import type { RebuildOptions } from '../../../bin/history/candidates.ts';
import { compareHistory } from '../../../bin/history/compare.ts';
import { makeDigest } from '../../../bin/history/digest.ts';
import type { HistoryPorts, Scope } from '../../../bin/history/ports.ts';
import { rebuildHistory } from '../../../bin/history/rebuild.ts';
import { type Backup, iso } from '../../../core/backup.ts';
import { completionOf } from '../../../core/completion.ts';
import { VAULT } from '../../../core/contract.ts';
import { extensionOf, GLOBALS_EXTENSION, manifestKeyOf, stemOf } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { ACTIVE } from '../../../core/project.ts';
import { DAY, pendingBackup } from '../../support/backups.ts';
import { TEST_KEY } from '../../support/manifest-keys.ts';
import { manifestOf as bareManifest } from '../../support/manifests.ts';
import type { Emulators } from './emulators.ts';

/** Tests count back from here: a manifest dated ahead of the vault's own clock would not be believed. */
export const NOW = Date.now();
export const daysAgo = (days: number): string => iso(NOW - days * DAY);
export const inDays = (days: number): string => iso(NOW + days * DAY);

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export interface Stored {
  readonly backup: Backup;
  readonly manifest: Manifest;
  readonly key: string;
  readonly manifestKey: string;
  readonly manifestSha256: string;
}

/** A manifest as an export writes it, of a backup whose object is `bytes`. */
export const manifestOf = (
  backup: Backup,
  bytes: Buffer,
  { template = VAULT.defaultKeyTemplate, globals }: { template?: string; globals?: Buffer } = {},
): Manifest => {
  const { projectId, createdAt, id: backupId, attempt } = backup;
  const stem = stemOf(template, { projectId, createdAt, backupId, attempt });
  const compression = backup.compression ?? 'zstd';
  const { schemaName: schema } = backup;
  return bareManifest(backup, {
    object: {
      key: `${stem}${extensionOf(backup.format, compression)}`,
      bytes: bytes.length,
      sha256: sha256(bytes),
    },
    ...(globals
      ? {
          globals: {
            key: `${stem}${GLOBALS_EXTENSION}`,
            bytes: globals.length,
            sha256: sha256(globals),
          },
        }
      : {}),
    tables: [
      { schema, name: 't', kind: 'table', rows: 42, bytes: 8192 },
      { schema, name: 'm', kind: 'materialized-view', rows: null, bytes: 8192 },
    ],
    views: [{ schema, name: 'v' }],
    warnings: ['something to think of'],
  });
};

export interface Given extends Partial<Backup> {
  readonly template?: string;
  readonly globals?: boolean;
}

/** A separate larder: a table that can be lost, and a vault. */
export const openRoom = async ({ tables, vaults, s3 }: Emulators) => {
  const vault = await vaults.newVault();
  const bucket = vault.bucket;
  let now = NOW;
  const clock = () => now;
  let table = await tables.newTable();
  const at = () => ({ table, client: tables.client, clock });

  const put = async (key: string, body: Buffer | string): Promise<void> => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  };

  /** Writes object and manifest, as an attempt does before its row. */
  const stow = async (backup: Backup, given: Given = {}): Promise<Stored> => {
    const bytes = Buffer.from(`the backup ${backup.id} of ${backup.projectId}`);
    const globals = given.globals ? Buffer.from('CREATE ROLE r;') : undefined;
    const manifest = manifestOf(backup, bytes, {
      ...(given.template ? { template: given.template } : {}),
      ...(globals ? { globals } : {}),
    });
    const stem = manifest.object.key.replace(/\.(dump|tar|sql.*)$/, '');
    await put(manifest.object.key, bytes);
    if (globals && manifest.globals) await put(manifest.globals.key, globals);
    const manifestKey = manifestKeyOf(stem);
    const { sha256: manifestSha256 } = await vault.storeManifest(manifestKey, manifest);
    return { backup, manifest, key: manifest.object.key, manifestKey, manifestSha256 };
  };

  const history = () => makeHistory(at());
  const rows = () => makeHistoryRows(at());

  const room = {
    vault,
    bucket,
    put,
    stow,
    history,
    rows,
    table: () => table,
    access: () => at(),
    registry: () => makeRegistry(at()),
    passTo: (time: string) => {
      now = Date.parse(time);
    },

    /** Requests, claims, stores and completes a backup, and reports it, as a worker does. */
    stored: async ({ template, globals, ...changes }: Given = {}): Promise<Stored> => {
      const createdAt = changes.createdAt ?? daysAgo(3);
      const asked = pendingBackup({ expiresAt: inDays(27), ...changes, createdAt });
      await room.registry().register(
        {
          id: asked.projectId,
          name: asked.projectName,
          schemaName: asked.schemaName,
          status: ACTIVE,
        },
        asked.source,
      );
      await history().create(asked);
      const claimed = await history().claim(asked.projectId, asked.id);
      if (claimed.kind !== 'claimed') throw new Error(`not claimed but ${claimed.kind}`);
      const stored = await stow(
        { ...claimed.work, attempt: changes.attempt ?? claimed.work.attempt },
        { ...(template ? { template } : {}), ...(globals ? { globals } : {}) },
      );
      const ended = Date.parse(stored.manifest.backup.startedAt) + 1500;
      await history().complete(
        claimed.claim,
        completionOf(stored.manifest, stored.manifestSha256, ended),
      );
      await history().markNotified(asked.projectId, asked.id);
      const backup = await history().get(asked.projectId, asked.id);
      if (!backup) throw new Error('the row is gone');
      return { ...stored, backup };
    },

    /** Every row of the table, by its keys. */
    all: async (): Promise<Map<string, Row>> => {
      const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: table }));
      return new Map(Items.map((row) => [`${row.pk} ${row.sk}`, row]));
    },
    loseTable: async (): Promise<void> => {
      table = await tables.newTable();
    },
    loseRow: async ({ projectId, id }: Backup): Promise<void> => {
      await tables.client.send(
        new DeleteCommand({ TableName: table, Key: { ...backupKey(projectId, id) } }),
      );
    },
    /** Changes one member of a row by hand. */
    edit: async ({ projectId, id }: Backup, name: string, value: unknown): Promise<void> => {
      await tables.client.send(
        new UpdateCommand({
          TableName: table,
          Key: { ...backupKey(projectId, id) },
          UpdateExpression: 'SET #name = :value',
          ExpressionAttributeNames: { '#name': name },
          ExpressionAttributeValues: { ':value': value },
        }),
      );
    },

    ports: (instead: Partial<HistoryPorts> = {}): HistoryPorts => ({
      vault: makeVault({ bucket, client: s3 }),
      rows: rows(),
      history: history(),
      registry: makeRegistry(at()),
      manifestKeys: TEST_KEY,
      digest: makeDigest(makeVaultReader({ bucket, client: s3 })),
      clock,
      progress: () => undefined,
      signal: new AbortController().signal,
      ...instead,
    }),
    rebuild: (
      options: Partial<RebuildOptions> & Partial<Scope> = {},
      instead: Partial<HistoryPorts> = {},
    ) => {
      const { templates = [VAULT.defaultKeyTemplate], projectId, ...rest } = options;
      return rebuildHistory(
        room.ports(instead),
        { templates, ...(projectId === undefined ? {} : { projectId }) },
        { dryRun: false, includeExpired: false, acceptUnsigned: false, checksums: false, ...rest },
      );
    },
    rebuildWith: (ports: HistoryPorts) =>
      rebuildHistory(
        ports,
        { templates: [VAULT.defaultKeyTemplate] },
        { dryRun: false, includeExpired: false, acceptUnsigned: false, checksums: false },
      ),
    compare: (
      options: Partial<Scope> & { checksums?: boolean } = {},
      instead: Partial<HistoryPorts> = {},
    ) => {
      const { templates = [VAULT.defaultKeyTemplate], projectId, checksums = false } = options;
      return compareHistory(
        room.ports(instead),
        { templates, ...(projectId === undefined ? {} : { projectId }) },
        { checksums, patienceMs: 1 },
      );
    },
    /** The list that GET returns for a project. */
    listed: async (projectId: string): Promise<readonly Backup[]> =>
      (await history().list(projectId, { limit: 100 })).items,
  };
  return room;
};
export type Room = Awaited<ReturnType<typeof openRoom>>;

/** Kinds of findings and their keys, as one compares them in a test. */
export const kindsOf = (comparison: { findings: readonly { kind: string }[] }): string[] =>
  comparison.findings.map(({ kind }) => kind);
