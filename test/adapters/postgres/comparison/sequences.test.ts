import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Differences } from '../../../../adapters/postgres/comparison/differences.ts';
import { readRestored } from '../../../../adapters/postgres/comparison/read-restored.ts';
import { compareSequences } from '../../../../adapters/postgres/comparison/sequences.ts';
import type { SourceAccess } from '../../../../adapters/postgres/session/session.ts';
import { makeSnapshotSource } from '../../../../adapters/postgres/snapshot/snapshot.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import { sourceSettings } from '../../../../core/settings.ts';
import { clientRoot, PASSWORD, type Postgres, startPostgres } from '../../../support/postgres.ts';
import { BACKUP_ROLE } from '../../../support/roles.ts';

let postgres: Postgres;
let database: string;
beforeAll(async () => {
  postgres = await startPostgres(18);
  database = await postgres.database();
  await postgres.sql('CREATE SCHEMA acme', database);
});
afterAll(async () => {
  await postgres.stop();
});

/** @param sets in the source, `restored` in the backup: none if it was lost */
const compared = async (options: string, home: string, restored = '') => {
  const client = await postgres.session(database);
  const look = async () => readRestored(client, ['acme']);
  const make = `DROP SEQUENCE IF EXISTS acme.s; CREATE SEQUENCE acme.s ${options};`;
  try {
    await client.query(`SET search_path = ''; ${make} ${home}`);
    const { sequences } = await look();
    await client.query(`${make} ${restored}`);
    const found = new Differences();
    const manifest = { sequences: [...sequences.values()] };
    const { notes } = await compareSequences(client, await look(), manifest, found);
    return { differs: found.count, noted: notes.length };
  } finally {
    await client.end();
  }
};
const set = (value: number, called = true) => `SELECT setval('acme.s', ${value}, ${called});`;

describe('a sequence whose value is lost is reported as a difference', () => {
  it.each<[string, string, string]>([
    ['of the usual kind', '', set(100)],
    ['that has given out its first number and no other', '', set(1)],
    ['that was set and has given out none', '', set(7, false)],
    ['that goes round', 'MAXVALUE 1000 CYCLE', set(500)],
    ['that goes round and stands at its end', 'MAXVALUE 1000 CYCLE', set(1000)],
    ['that goes round and has given out its first', 'CYCLE', set(1)],
    ['that was set to below where it began', 'START 1000', set(5)],
    ['that goes down', 'INCREMENT -1', set(-50)],
    ['that goes down, from above where it began', 'INCREMENT -5 MAXVALUE 100 START 10', set(90)],
    ['that goes down and round', 'INCREMENT -5 MAXVALUE 100 CYCLE', set(5)],
  ])('%s', async (_, options, home) => {
    expect(await compared(options, home)).toEqual({ differs: 1, noted: 0 });
    expect(await compared(options, home, home)).toEqual({ differs: 0, noted: 0 });
  });
});

describe('a sequence that advanced during the backup is noted', () => {
  it.each<[string, string, string, string]>([
    ['by some', '', set(100), set(120)],
    ['by its first', '', '', set(1)],
    ['round to its beginning', 'MAXVALUE 1000 CYCLE', set(990), set(3)],
    ['downwards', 'INCREMENT -1', set(-50), set(-51)],
  ])('%s', async (_, options, home, restored) => {
    expect(await compared(options, home, restored)).toEqual({ differs: 0, noted: 1 });
  });

  it('unless it went backwards', async () => {
    expect(await compared('', set(120), set(100))).toEqual({ differs: 1, noted: 0 });
    expect(await compared('INCREMENT -1', set(-51), set(-50))).toEqual({ differs: 1, noted: 0 });
  });
});

/** Then the value that pg_dump reads is never behind. */
it("a manifest has sequences' values from before the dump begins, whatever values are drawn afterwards", async () => {
  await postgres.sql(
    `CREATE SCHEMA busy; CREATE TABLE busy.t (id serial); SELECT nextval('busy.t_id_seq')`,
    database,
  );
  const access: SourceAccess = {
    settings: sourceSettings.parse({
      name: 'main',
      host: '127.0.0.1',
      port: postgres.port,
      database,
      auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
      tls: 'disable',
    }),
    credentials: async () => ({ user: BACKUP_ROLE, password: PASSWORD }),
  };
  const writer = await postgres.session(database);
  const source = makeSnapshotSource({ ...access, programRoots: [await clientRoot()] });
  const snapshot = await source.open({
    backupId: uuidv7(Date.now()),
    attempt: 1,
    schemas: ['busy'],
    content: 'full',
    lockTimeoutMs: 5000,
    giveWayAfterSeconds: 10,
    partitionsElsewhere: 'refuse',
  });
  try {
    await writer.query(`SELECT nextval('busy.t_id_seq')`);
    const { sequences } = await snapshot.inventory;
    expect(sequences).toMatchObject([{ name: 't_id_seq', value: '1', called: true }]);
  } finally {
    await snapshot.close();
    await writer.end();
  }
});
