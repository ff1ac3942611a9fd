import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { ManifestKeyRefused } from '../../../core/errors/vault.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { Services } from '../export/support.ts';
import { forgetDigest } from './old-row.ts';
import { roomForEach } from './room-for-each.ts';
import type { Room } from './support.ts';
import { TENANT } from './tenant.ts';

/** A real backup whose manifest was changed by an attacker who may write below its project's prefix. */
let room: Room;
let backup: Backup;
let services: Services;
roomForEach(TENANT, (made) => {
  ({ room, backup, services } = made);
});

const rewrite = async (changed: (text: string) => string): Promise<void> => {
  const at = { Bucket: room.bench.bucket, Key: manifestKeyBeside(backup.fileId ?? '') };
  const found = await services.s3.send(new GetObjectCommand(at));
  const Body = changed((await found.Body?.transformToString()) ?? '');
  await services.s3.send(new PutObjectCommand({ ...at, Body }));
};
const change = (changed: (manifest: Manifest) => object): Promise<void> =>
  rewrite((text) => JSON.stringify(changed(JSON.parse(text))));

const unsigned = ({ signature: _, ...manifest }: Manifest): Manifest => manifest;

const CHANGES: readonly (readonly [string, (manifest: Manifest) => Manifest])[] = [
  ['another schema', (one) => ({ ...one, project: { ...one.project, schemaName: 'shared' } })],
  ['two schemas', (one) => ({ ...one, project: { ...one.project, schemas: ['acme', 'shared'] } })],
  ['no functions', (one) => ({ ...one, functions: [] })],
  ['no definitions', ({ definitions: _, ...one }) => one],
];

describe.each(CHANGES)('%s', (_name, forge) => {
  it("is refused by the row's digest, and by the signature if the row has no digest", async () => {
    await change(forge);
    for (const given of [{ dryRun: true }, {}, { mode: 'swap' } as const]) {
      const { row } = await room.restore(backup, given);
      expect(row).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
    }
    await forgetDigest(services, room, backup);
    const { row } = await room.restore(backup, { dryRun: true });
    expect(row.error?.message).toContain('is signed with a key');
  });
});

/** Texts that parsers read in different ways, or that cost more than they weigh. */
const last = (member: string) => (text: string) => text.replace(/\}\s*$/, `, ${member}}`);
const HOSTILE: readonly (readonly [string, (text: string) => string])[] = [
  ['no JSON', () => '{'],
  ['a second project', last('"project": {"id": "acme", "name": "x", "schemaName": "shared"}')],
  ['members of every object', last('"__proto__": {"functions": [], "isForged": true}')],
  ['nesting without end', last(`"x": ${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ['a name with an unpaired surrogate', last('"environment": "\\ud800\\u202e"')],
];

describe.each(HOSTILE)('a manifest with %s', (_name, forge) => {
  it('is called damaged by restore and swap, with its digest in the row and without', async () => {
    await rewrite(forge);
    for (const given of [{}, { mode: 'swap' } as const]) {
      const { row } = await room.restore(backup, given);
      expect(row).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
    }
    await forgetDigest(services, room, backup);
    const { row } = await room.restore(backup, {});
    expect(row).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
    expect({}).not.toHaveProperty('isForged');
  });
});

it('a key of KMS that is gone, or that may not be used, stops only backups whose row has no digest', async () => {
  const verify = () => Promise.reject(new ManifestKeyRefused('the-key', 'DisabledException'));
  const manifestKeys = { verify };
  const done = await room.restore(backup, {}, { manifestKeys });
  expect(done.row.status).toBe('completed');
  await forgetDigest(services, room, backup);
  for (const given of [{ dryRun: true }, { mode: 'swap' } as const]) {
    const { row } = await room.restore(backup, given, { manifestKeys });
    expect(row.error).toMatchObject({
      name: 'ManifestKeyRefused',
      message: expect.stringContaining('the-key'),
    });
  }
});

describe('a backup from before manifests were signed', () => {
  it('is restored as it was then', async () => {
    await change(unsigned);
    await forgetDigest(services, room, backup);
    expect((await room.restore(backup)).row).toMatchObject({
      status: 'completed',
      outcome: { rows: 1200 },
    });
  });

  it('is refused after its functions are removed, which would hide the code that runs', async () => {
    await change((manifest) => ({ ...unsigned(manifest), functions: [] }));
    await forgetDigest(services, room, backup);
    const { row } = await room.restore(backup, { dryRun: true });
    expect(row).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
    expect(row.error?.message).toContain('table of contents');
  });

  it('is refused with another schema, or several', async () => {
    await forgetDigest(services, room, backup);
    for (const [, forge] of CHANGES.slice(0, 2)) {
      await change((manifest) =>
        unsigned(forge({ ...manifest, project: { id: 'acme', name: 'acme', schemaName: 'acme' } })),
      );
      const { row } = await room.restore(backup, { dryRun: true });
      expect(row).toMatchObject({ status: 'failed', error: { name: 'BackupDamaged' } });
    }
  });
});
