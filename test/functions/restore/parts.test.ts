import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import type { VaultReader } from '../../../core/restore-ports.ts';
import type { Services } from '../export/support.ts';
import { forgetDigest } from './old-row.ts';
import { roomForEach } from './room-for-each.ts';
import type { Room } from './support.ts';
import { count, TENANT } from './tenant.ts';

/** Restores of chosen tables from an archive that the engine wrote: they read its contents and the tables' blocks, and nothing else. */
const NOISE = `;
  CREATE TABLE acme.noise AS SELECT n, (SELECT string_agg(sha512((n * m)::text::bytea)::text, '') FROM generate_series(1, 24) m) AS v
  FROM generate_series(1, 3000) n`;

let room: Room;
let backup: Backup;
let services: Services;
roomForEach(
  TENANT + NOISE,
  (made) => {
    ({ room, backup, services } = made);
  },
  { schemas: ['acme'] },
  { engine: 'larder' },
);

const ORDERS = { mode: 'tables', tables: ['orders'], newSchema: 'picked' } as const;

const manifestOf = async ({ fileId = '' }: Backup): Promise<Manifest> => {
  const found = await room.ports.vault.readManifest(manifestKeyBeside(fileId));
  if (!found) throw new Error('no manifest');
  return found.manifest;
};

const copiedOf = ({ tables }: Manifest, wanted: string) => {
  const found = tables.find(({ name }) => name === wanted)?.copied;
  if (!found) throw new Error(`${wanted} was not copied`);
  return found;
};

/** Restores, and counts the bytes that the vault was asked for. */
const restoreCounting = async () => {
  let bytes = 0;
  const { vault } = room.ports;
  const counting: VaultReader = {
    ...vault,
    read: (key, range) => {
      const stream = vault.read(key, range);
      const push = stream.push.bind(stream);
      stream.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
        bytes += chunk?.length ?? 0;
        return push(chunk, encoding);
      };
      return stream;
    },
  };
  const { row } = await room.restore(backup, ORDERS, { vault: counting });
  return { row, bytes };
};

/** Changes one byte of the stored object. */
const damage = async (at: number): Promise<void> => {
  const { fileId: Key = '' } = backup;
  const Bucket = room.bench.bucket;
  const found = await services.s3.send(new GetObjectCommand({ Bucket, Key }));
  const body = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  body.writeUInt8((body[at] ?? 0) ^ 1, at);
  await services.s3.send(new PutObjectCommand({ Bucket, Key, Body: body }));
};

describe('a restore of one table', () => {
  it('reads the contents and the block of the table, and restores the same rows', async () => {
    const manifest = await manifestOf(backup);
    const contents = manifest.object.contents?.bytes ?? 0;
    const { row, bytes } = await restoreCounting();
    expect([row.status, row.error]).toEqual(['completed', undefined]);
    expect(row.outcome).toMatchObject({ tables: 1, rows: 1000 });
    expect(await count(room, 'picked.orders')).toBe(1000);
    const same = await room.sql('SELECT * FROM picked.orders EXCEPT ALL SELECT * FROM acme.orders');
    expect(same.rows).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(5 * contents + copiedOf(manifest, 'orders').length);
    expect(bytes).toBeLessThan(manifest.object.bytes / 20);
  });

  it('reads several blocks', async () => {
    const { row } = await room.restore(backup, {
      ...ORDERS,
      tables: ['orders', 'customers', 'noise'],
    });
    expect(row.outcome).toMatchObject({ tables: 3, rows: 4200 });
    expect(
      (await room.sql('SELECT * FROM picked.noise EXCEPT ALL SELECT * FROM acme.noise')).rows,
    ).toEqual([]);
  });

  it.each([
    ['its rows', (manifest: Manifest) => copiedOf(manifest, 'orders').at + 200],
    ['the head of its block', (manifest: Manifest) => copiedOf(manifest, 'orders').at + 2],
    ['the contents', (manifest: Manifest) => (manifest.object.contents?.bytes ?? 0) - 100],
  ])('is refused if a byte of %s has changed, and leaves nothing', async (_, place) => {
    await damage(place(await manifestOf(backup)));
    const { row } = await room.restore(backup, ORDERS);
    expect([row.status, row.error?.name]).toEqual(['failed', 'BackupDamaged']);
    expect(await room.schemas()).not.toContain('picked');
  });

  it('does not need the rows of other tables', async () => {
    await damage(copiedOf(await manifestOf(backup), 'noise').at + 1000);
    const { row } = await room.restore(backup, ORDERS);
    expect(row.status).toBe('completed');
    const all = await room.restore(backup, { newSchema: 'everything' });
    expect(all.row.error?.name).toBe('BackupDamaged');
  });

  it('reads the whole object if nothing proves that the manifest is the stored one', async () => {
    const { vault } = room.ports;
    await forgetDigest(services, room, backup);
    const whole: string[] = [];
    const { row } = await room.restore(backup, ORDERS, {
      vault: {
        ...vault,
        readManifest: async (key) => {
          const stored = await vault.readManifest(key);
          if (!stored) return stored;
          const { signature: _, ...manifest } = stored.manifest;
          return { ...stored, manifest };
        },
        read: (key, range) => {
          if (!range) whole.push(key);
          return vault.read(key, range);
        },
      },
    });
    expect([row.status, whole.length]).toEqual(['completed', 1]);
  });
});
