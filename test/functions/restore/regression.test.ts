import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRestoreServer } from '../../../adapters/postgres/restore/restore-server.ts';
import type { Backup } from '../../../core/backup.ts';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Restore } from '../../../core/restore.ts';
import { dependentTitle } from '../../../core/restore-dependents.ts';
import { sourceSettings } from '../../../core/settings.ts';
import {
  openRehearsals,
  type Rehearsals,
  type Stored,
} from '../../adapters/postgres/scratch-restore/support.ts';
import { describeDatabase, differences } from '../../support/compare-databases.ts';
import { PASSWORD, type Postgres, startPostgres } from '../../support/postgres.ts';
import { regressionDatabase, withoutSuperusers } from '../../support/regression.ts';
import { copyDatabase } from '../../support/restore.ts';
import { type Services, startServices } from '../export/support.ts';
import {
  BESIDE,
  DEPENDENTS,
  MAJORS,
  OTHERWISE,
  RAN,
  SCHEMAS,
  UNVERIFIED,
  WARNINGS,
} from './regression.ts';
import { openRoom, type Room } from './support.ts';

/**
 * The schemas that PostgreSQL's own regression tests leave: each is exported, verified, restored beside, swapped and put back. The
 * database's catalogs and rows are compared each time with those before. Allowed differences are in regression.ts, with the reason.
 */
const COPY = 'public_copy';
const BESIDE_FROM = {
  15: { format: 'tar', compression: 'none' },
  18: { format: 'plain', compression: 'zstd' },
} as const;
const folder = mkdtempSync('/var/tmp/larder-regression-');
let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(async () => {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Facts = Awaited<ReturnType<typeof describeDatabase>>;

/** A superuser's, because most of what the tests create may be created by no other role. */
const serverFor = (postgres: Postgres, database: string, schemas: readonly string[]) =>
  makeRestoreServer({
    settings: sourceSettings.parse({
      name: 'main',
      host: '127.0.0.1',
      port: postgres.port,
      database,
      auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
      tls: 'disable',
      schemas,
    }),
    credentials: async () => ({ user: 'postgres', password: PASSWORD }),
    stack: 'regression',
  });

/** The facts that name a schema, under another name. */
const factsNaming = (facts: Facts, schema: string, as: string): Facts => {
  const word = new RegExp(`(?<![\\w.])${schema}(?=$|[^\\w])`, 'g');
  return new Map(
    [...facts]
      .filter(([name]) => name.search(word) !== -1)
      .map(([name, definition]) => [name.replace(word, as), definition.replace(word, as)]),
  );
};

/** Lines on what a verification leaves out. */
const LEFT_OUT =
  /: (only a superuser may create it|it needs .* which is not here|it needs the cast)|^and \d+ more objects that need those$/;

const unforeseen = (found: readonly string[], foreseen: readonly RegExp[]): string[] =>
  found.filter((line) => !foreseen.some((pattern) => pattern.test(line)));

/** Milliseconds for steps that concern hundreds of objects: the machine may be busy. */
const LONG_MS = 240_000;

describe.each(MAJORS)('the regression database of PostgreSQL %i', { timeout: LONG_MS }, (major) => {
  let postgres: Postgres;
  let database: string;
  let scratchRestores: Rehearsals;
  let room: Room;
  let before: Facts;
  const schemas = SCHEMAS(major);
  const backups = new Map<string, Backup>();

  const factsOf = async (name: string): Promise<Facts> => {
    const client = await postgres.session(name);
    try {
      return await describeDatabase(client);
    } finally {
      await client.end();
    }
  };

  const stored = async (backup: Backup, from = room): Promise<Stored> => {
    const { vault } = from.bench.ports;
    const manifest = (await vault.readManifest(manifestKeyBeside(backup.fileId ?? '')))?.manifest;
    if (!manifest) throw new Error('there is no manifest');
    const { Body } = await services.s3.send(
      new GetObjectCommand({ Bucket: from.bench.bucket, Key: backup.fileId }),
    );
    return { backup, manifest, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []) };
  };

  const backupOf = (schema: string): Backup => {
    const backup = backups.get(schema);
    if (!backup) throw new Error(`${schema} was not exported`);
    return backup;
  };

  beforeAll(async () => {
    postgres = await startPostgres(major);
    scratchRestores = await openRehearsals(major);
    database = await regressionDatabase(postgres, folder);
    // Definitions that contain values of a domain with a function of the tenant are created as the schema's owner. Since PostgreSQL 15 that
    // is pg_database_owner, who may not make functions in the language "internal", even if the database's owner may.
    await postgres.sql('ALTER SCHEMA public OWNER TO postgres', database);
    const server = serverFor(postgres, database, schemas);
    room = await openRoom(services, postgres, database, { schemas: [...schemas] }, { server });
    Object.assign(room.bench.options.settings, { compare: 'rows' });
    before = await factsOf(database);
  });
  afterAll(async () => {
    await scratchRestores.end();
    await postgres.stop();
  });

  it('is copied completely by pg_dump and psql', async () => {
    const copy = await postgres.database();
    await copyDatabase(postgres, database, copy, path.join(folder, `copy-${major}.sql`));
    expect(before.size).toBeGreaterThan(10_000);
    expect(differences(before, await factsOf(copy))).toEqual([]);
    expect([...(await room.schemas()), 'public'].sort()).toEqual(schemas);
  });

  it('is exported, with a warning for everything that no backup of a schema holds', async () => {
    const warnings: string[] = [];
    for (const schema of schemas) {
      const backup = await room.backup(schema);
      backups.set(schema, backup);
      warnings.push(...(backup.warnings ?? []));
    }
    expect(unforeseen(warnings, WARNINGS)).toEqual([]);
  });

  /** @returns what was not checked */
  const verified = async (one: Stored): Promise<readonly string[]> => {
    const { differences, unfinished, notChecked } = await scratchRestores.rehearseQuickly(
      one,
      'rows',
    );
    const { schemaName } = one.backup;
    expect([schemaName, differences, unfinished]).toEqual([schemaName, [], undefined]);
    return notChecked;
  };

  it('is verified', async () => {
    const notChecked: string[] = [];
    for (const schema of schemas.filter((name) => name !== 'public'))
      notChecked.push(...(await verified(await stored(backupOf(schema)))));
    expect(unforeseen(notChecked, UNVERIFIED)).toEqual([]);
    // A verification runs nothing of a backup as a superuser: what only a superuser may create is left out, with what needs it.
    const ofPublic = await verified(await stored(backupOf('public')));
    expect(ofPublic.some((line) => line.includes(': only a superuser may create it'))).toBe(true);
    const others = ofPublic.filter((line) => !LEFT_OUT.test(line));
    expect(unforeseen(others, UNVERIFIED)).toEqual([]);
  });

  it('is verified in public without what only a superuser may create', async () => {
    const plain = await withoutSuperusers(postgres, database);
    const plainRoom = await openRoom(services, postgres, plain, { schemas: ['public'] });
    Object.assign(plainRoom.bench.options.settings, { compare: 'rows' });
    const one = await stored(await plainRoom.backup('public'), plainRoom);
    expect(unforeseen(await verified(one), UNVERIFIED)).toEqual([]);
  });

  // Swaps use the custom format. Each of the others is restored once: it restores the same SQL.
  const { format, compression } = BESIDE_FROM[major];
  it(`is restored beside from ${format}, and the live schema is unchanged`, async () => {
    const backup = await room.backup('public', { format, compression });
    const { row } = await room.restore(backup, { newSchema: COPY, acceptOwnCode: true });
    expect(row.error).toBeUndefined();
    expect(row.outcome).toMatchObject({ leftOut: [], unfinished: [] });
    const after = await factsOf(database);
    await postgres.sql(`DROP SCHEMA ${COPY} CASCADE`, database);
    const live = new Map([...after].filter(([name]) => !name.includes(COPY)));
    expect(differences(before, live)).toEqual([]);
    const found = differences(
      factsNaming(before, 'public', 'public'),
      factsNaming(after, COPY, 'public'),
    );
    expect(unforeseen(found, BESIDE)).toEqual([]);
  });

  it('is unchanged after a swap of each schema, and after its undo', async () => {
    const swaps: Restore[] = [];
    const dependents: string[] = [];
    const warnings: string[] = [];
    for (const schema of schemas) {
      const { row } = await room.restore(backupOf(schema), {
        mode: 'swap',
        acceptOwnCode: true,
        acceptDependents: true,
        repointDependents: true,
      });
      expect([schema, row.status, row.error]).toEqual([schema, 'completed', undefined]);
      expect(row.outcome).toMatchObject({ leftOut: [], unfinished: [] });
      warnings.push(...(row.outcome?.warnings ?? []));
      for (const one of row.outcome?.dependentObjects ?? [])
        if (one.repoint !== 'done') dependents.push(`${dependentTitle(one)}: ${one.obstacle}`);
      swaps.push(row);
    }
    const asides = /^added .*_before_\d{8}t\d{6}/;
    const swapped = differences(before, await factsOf(database));
    expect(unforeseen(swapped, [asides, ...OTHERWISE])).toEqual([]);
    expect(unforeseen(dependents, DEPENDENTS)).toEqual([]);
    expect(unforeseen(warnings, RAN)).toEqual([]);
    for (const swap of swaps.reverse()) {
      const { row } = await room.restore(backupOf(swap.projectId), {
        mode: 'undo',
        undoes: swap.id,
      });
      expect([swap.projectId, row.status, row.error]).toEqual([
        swap.projectId,
        'completed',
        undefined,
      ]);
    }
    const undone = differences(before, await factsOf(database));
    expect(unforeseen(undone, [/^added .*_undone_\d{8}t\d{6}/])).toEqual([]);
  });
});
