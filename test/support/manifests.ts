import { createHash } from 'node:crypto';
import { type Backup, iso } from '../../core/backup.ts';
import type { Manifest } from '../../core/manifest.ts';
import { messageToSign } from '../../core/manifest-signature.ts';
import type { StoredManifest } from '../../core/vault-ports.ts';

/** A manifest that agrees with the row of a backup, and describes of the schema only what is given. */
export const manifestOf = (
  backup: Backup,
  given: Partial<Manifest> & Pick<Manifest, 'object'>,
): Manifest => ({
  version: 1,
  backup: {
    id: backup.id,
    name: backup.name,
    description: backup.description,
    type: backup.type,
    trigger: backup.trigger,
    retentionClass: backup.retentionClass,
    ...(backup.runId ? { runId: backup.runId } : {}),
    attempt: backup.attempt || 1,
    createdAt: backup.createdAt,
    startedAt: iso(Date.parse(backup.createdAt) + 1000),
    expiresAt: backup.expiresAt,
  },
  environment: backup.environment,
  project: { id: backup.projectId, name: backup.projectName, schemaName: backup.schemaName },
  source: {
    name: backup.source,
    database: 'app',
    serverVersion: '18.1',
    encoding: 'UTF8',
    collation: 'C',
  },
  tool: { larder: 'test', pgDump: '18.1' },
  options: {
    content: backup.content,
    format: backup.format,
    compression: backup.compression ?? 'zstd',
  },
  tables: [],
  sequences: [],
  views: [],
  functions: [],
  types: [],
  triggers: [],
  policies: [],
  extensions: [],
  roles: [],
  outside: [],
  warnings: [],
  timings: { snapshotAt: backup.createdAt, dumpMs: 900, countMs: 20, totalMs: 1500 },
  ...given,
});

/** The form in which a vault returns it that has stored just this. */
export const storedManifest = (manifest: Manifest, key = 'k'): StoredManifest => {
  const text = JSON.stringify(manifest);
  return {
    manifest,
    sha256: createHash('sha256').update(text).digest('hex'),
    messageToSign: () => messageToSign(key, JSON.parse(text)),
  };
};
