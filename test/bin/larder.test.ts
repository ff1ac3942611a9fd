import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeManifestSigner } from '../../adapters/kms/manifest-keys.ts';
import { makeVault } from '../../adapters/s3/vault.ts';
import { completionOf } from '../../core/completion.ts';
import { manifestKeyBeside } from '../../core/keys.ts';
import { signedBy } from '../../local/emulators/admission.ts';
import { ensureKey, startKeys } from '../../local/emulators/keys.ts';
import type { Listening } from '../../local/emulators/loopback.ts';
import { startObjectStore } from '../../local/emulators/s3/server.ts';
import { makeCredentials } from '../../local/emulators/signature.ts';
import { createTable, startTables } from '../../local/emulators/tables.ts';
import { CREDENTIALS, REGION } from '../../local/region.ts';
import { openDataFolder } from '../../local/start/data-folder.ts';
import { noteEndpoints } from '../../local/start/endpoints.ts';
import { pendingBackup } from '../support/backups.ts';
import { historyTable } from '../support/tables.ts';
import { startEmulators } from './history/emulators.ts';
import { daysAgo, inDays, manifestOf, openRoom, type Room } from './history/room.ts';

const LARDER = path.resolve(import.meta.dirname, '..', '..', 'bin', 'larder.ts');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const begin = (args: readonly string[], environment: Record<string, string> = {}): ChildProcess =>
  spawn(process.execPath, [LARDER, ...args], {
    env: { PATH: process.env.PATH ?? '', AWS_EC2_METADATA_DISABLED: 'true', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const ended = async (child: ChildProcess): Promise<Ended> => {
  const seen = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Buffer) => {
      seen[name] += chunk.toString();
    });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...seen };
};

const larder = (args: readonly string[], environment?: Record<string, string>): Promise<Ended> =>
  ended(begin(args, environment));

const compared = z.object({
  table: z.string(),
  bucket: z.string(),
  same: z.number(),
  differences: z.record(z.string(), z.number()),
  findings: z.array(z.object({ kind: z.string(), why: z.string() })),
});
const rebuilt = z.object({
  dryRun: z.boolean(),
  counts: z.record(z.string(), z.number()),
  written: z.array(z.object({ projectId: z.string(), backupId: z.string() })),
  omitted: z.array(z.object({ kind: z.string(), key: z.string() })),
});

describe('larder, on AWS', () => {
  let emulators: Awaited<ReturnType<typeof startEmulators>>;
  let room: Room;
  let keys: Listening;
  let keysFolder: string;
  const aws = () => ({
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_S3: emulators.vaults.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: emulators.tables.endpoint,
    AWS_ENDPOINT_URL_KMS: keys.url,
  });
  const place = () => ['--table', room.table(), '--bucket', room.bucket, '--manifest-key', 'key'];
  beforeAll(async () => {
    emulators = await startEmulators();
    room = await openRoom(emulators);
    // The material of TEST_KEY, which signs what the room stores.
    keysFolder = await mkdtemp(path.join(tmpdir(), 'larder-keys-'));
    await writeFile(path.join(keysFolder, 'key.key'), 'key');
    keys = await startKeys(keysFolder);
  });
  afterAll(async () => {
    await keys.close();
    await rm(keysFolder, { recursive: true });
    await emulators.stop();
  });

  it('compares, rebuilds what was lost, and then finds no difference', async () => {
    await room.stored({ projectId: 'acme', createdAt: daysAgo(9) });
    await room.stored({ projectId: 'acme', createdAt: daysAgo(8) });
    await room.stored({ projectId: 'b\u001b[2Jeta', createdAt: daysAgo(8) });
    await room.loseTable();
    const { LARDER_HISTORY_TABLE, LARDER_VAULT_BUCKET } = {
      LARDER_HISTORY_TABLE: room.table(),
      LARDER_VAULT_BUCKET: room.bucket,
    };
    const before = await larder(['history', 'compare'], {
      ...aws(),
      LARDER_HISTORY_TABLE,
      LARDER_VAULT_BUCKET,
      LARDER_MANIFEST_KEYS: 'gone,key',
    });
    expect(before.status).toBe(1);
    expect(before.stderr).toBe('');
    expect(before.stdout).toMatch(/backups in the vault without a row\s+3\n/);
    expect(before.stdout).toContain('history rebuild');
    // A name can't move the cursor of a terminal.
    expect(before.stdout).not.toContain('\u001b');

    const dry = await larder(['history', 'rebuild', '--dry-run', ...place()], aws());
    expect([dry.status, dry.stdout.includes('Nothing was written')]).toEqual([0, true]);
    expect((await room.all()).size).toBe(0);

    const written = await larder(['history', 'rebuild', '--json', ...place()], aws());
    expect(written.status).toBe(0);
    const document = rebuilt.parse(JSON.parse(written.stdout));
    expect(document).toMatchObject({
      dryRun: false,
      counts: { manifests: 3, written: 3, there: 0, registered: 2, refused: 0 },
    });
    expect(document.written.map(({ projectId }) => projectId).sort()).toEqual([
      'acme',
      'acme',
      'b\u001b[2Jeta',
    ]);
    const after = await larder(
      ['history', 'compare', '--json', '--checksums', '--project', 'acme', ...place()],
      aws(),
    );
    expect(after.status).toBe(0);
    expect(compared.parse(JSON.parse(after.stdout))).toMatchObject({ same: 2, findings: [] });
    const text = await larder(['history', 'compare', ...place()], aws());
    expect([text.status, text.stdout.includes('No difference.')]).toEqual([0, true]);
  });

  it('reports that a mistyped project is unknown, instead of no difference', async () => {
    const none = await larder(['history', 'compare', '--project', 'acne', ...place()], aws());
    expect([none.status, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toContain('"acne"');
  });

  it('reports what was refused, with exit status 1', async () => {
    const key = 'backups/acme/of-nobody.manifest.json';
    await room.put(key, '{}');
    const refused = await larder(['history', 'rebuild', ...place()], aws());
    expect(refused.status).toBe(1);
    expect(refused.stdout).toContain(key);
    await room.vault.remove([key]);
  });

  describe('with the name of a stack', () => {
    /** CloudFormation, as far as it is called: it answers in XML, and with a ValidationError for what does not exist. */
    const cloudFormation = createServer((request, response) => {
      request.toArray().then((chunks) => {
        const asked = new URLSearchParams(Buffer.concat(chunks).toString());
        const outputs = OUTPUTS[asked.get('StackName') ?? ''];
        response.statusCode = outputs ? 200 : 400;
        response.end(outputs ? stackXml(outputs()) : missingXml(asked.get('StackName') ?? ''));
      }, response.destroy);
    });
    const OUTPUTS: Record<string, () => Record<string, string>> = {
      Larder: () => ({ ApiUrl: 'x', VaultBucket: room.bucket, HistoryTable: room.table() }),
      Other: () => ({ VaultBucket: room.bucket }),
    };
    const stackXml = (outputs: Record<string, string>): string =>
      `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>${Object.entries(
        outputs,
      )
        .map(
          ([key, value]) =>
            `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
        )
        .join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
    const missingXml = (name: string): string =>
      `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`;
    const told = (args: readonly string[]) => {
      const address = cloudFormation.address();
      const port = typeof address === 'object' ? address?.port : 0;
      return larder(['history', 'compare', ...args], {
        ...aws(),
        AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${port}`,
      });
    };
    beforeAll(async () => {
      await once(cloudFormation.listen(0, '127.0.0.1'), 'listening');
    });
    afterAll(() => cloudFormation.close());

    it.each([[['--stack', 'Larder']], [[]]])(
      '%j reads table and vault from the outputs',
      async (named) => {
        const { status, stdout } = await told([...named, '--json']);
        expect(status).toBe(0);
        const { table, bucket } = compared.parse(JSON.parse(stdout));
        expect({ table, bucket }).toEqual({ table: room.table(), bucket: room.bucket });
      },
    );

    it('a table given by hand overrides the stack', async () => {
      const { stderr } = await told(['--stack', 'Larder', '--table', 'none']);
      expect(stderr).toContain('no such table');
    });

    it.each([
      ['Nobody', 'There is no stack "Nobody"'],
      ['Other', 'has no output HistoryTable'],
    ])('%s is reported in one line', async (name, said) => {
      const { status, stdout, stderr } = await told(['--stack', name]);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain(said);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    });
  });

  it.each([
    [['history', 'compare', '--table', 'none', '--bucket'], 'no such table'],
    [['history', 'compare', '--bucket', 'none', '--table'], 'no such bucket'],
  ])('%j names what does not exist', async (args, said) => {
    const last = args.at(-1) === '--bucket' ? room.bucket : room.table();
    const { status, stderr, stdout } = await larder([...args, last], aws());
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(said);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('the command line', () => {
  it.each([
    [[], 'Usage: larder'],
    [['history'], 'Give a command'],
    [['frob'], 'frob'],
    [['history', 'frob'], 'history frob'],
    [['history', 'compare', '--bucket', 'b'], 'LARDER_HISTORY_TABLE'],
    [['history', 'compare', '--table', 't'], '--bucket'],
    [['history', 'compare', '--local', '--dry-run'], '--dry-run'],
    [['history', 'compare', '--local', '--stack', 'Larder'], 'not both'],
    [['history', 'compare', '--stack', ''], '--stack'],
    [['history', 'rebuild', '--local', '--project', '..'], '--project'],
    [['history', 'rebuild', '--local', '--key-template', 'x'], '--key-template'],
    [['history', 'rebuild', '--local', 'a', 'b'], 'b'],
  ])('%j is refused with exit status 2 and a reason', async (args, named) => {
    const { status, stderr, stdout } = await larder(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(named);
  });

  it.each([
    [['--help'], 'history compare'],
    [['history', '--help'], 'history rebuild'],
    [['history', 'compare', '--help'], '--checksums'],
    [['history', 'rebuild', '-h'], '--include-expired'],
  ])('%j prints help', async (args, named) => {
    const { status, stderr, stdout } = await larder(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(named);
  });
});

describe('larder --local', () => {
  let folder: string;
  /** A data folder as `npm start` leaves it, with one backup whose row was lost. */
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'larder-local-'));
    const store = await startObjectStore(path.join(folder, 'vault'));
    await store.createBucket('vault-of-the-stack');
    const tables = await startTables(path.join(folder, 'history'));
    const access = { region: REGION, credentials: CREDENTIALS };
    const dynamodb = new DynamoDBClient({ ...access, endpoint: tables.url });
    await createTable(dynamodb, historyTable('the-history'));
    const s3 = new S3Client({ ...access, endpoint: store.url, forcePathStyle: true });
    const keysFolder = path.join(folder, 'keys');
    await ensureKey(keysFolder, 'TheKey');
    const keys = await startKeys(keysFolder);
    const kms = new KMSClient({ ...access, endpoint: keys.url });
    const signer = makeManifestSigner({ keys: ['TheKey'], client: kms });
    const vault = makeVault({ bucket: 'vault-of-the-stack', client: s3, signer });
    const client = makeTableClient(dynamodb);
    const history = makeHistory({ table: 'the-history', client, clock: Date.now });
    for (const projectId of ['kept', 'lost']) {
      const asked = pendingBackup({ projectId, createdAt: daysAgo(2), expiresAt: inDays(20) });
      const bytes = Buffer.from(projectId);
      const manifest = manifestOf({ ...asked, attempt: 1 }, bytes);
      const { key } = manifest.object;
      await s3.send(new PutObjectCommand({ Bucket: 'vault-of-the-stack', Key: key, Body: bytes }));
      const { sha256 } = await vault.storeManifest(manifestKeyBeside(key), manifest);
      if (projectId === 'lost') continue;
      await history.create(asked);
      const outcome = await history.claim(projectId, asked.id);
      if (outcome.kind !== 'claimed') throw new Error('not claimed');
      await history.complete(outcome.claim, completionOf(manifest, sha256, Date.now()));
    }
    s3.destroy();
    kms.destroy();
    dynamodb.destroy();
    await keys.close();
    await tables.close();
    await store.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('starts the emulators itself if no start runs, and leaves nothing behind', async () => {
    const found = await larder(['history', 'compare', '--json', '--local', folder]);
    expect(found.status).toBe(1);
    expect(compared.parse(JSON.parse(found.stdout))).toMatchObject({
      table: 'the-history',
      bucket: 'vault-of-the-stack',
      same: 1,
      differences: { 'row-missing': 1 },
    });
    expect(existsSync(path.join(folder, 'endpoints.json'))).toBe(false);
  });

  it('checks what the emulators know, and reports everything else as not known locally', async () => {
    const { status, stdout } = await larder(['doctor', '--local', folder]);
    expect([status, stdout.trimEnd().split('\n')]).toEqual([
      0,
      [
        'ok       history: the table is ACTIVE',
        'ok       vault: vault-of-the-stack is there',
        "ok       the manifests' keys: 1 on this machine",
        ...["the vault's key", 'mail', 'alarms', 'concurrency', 'sources'].map(
          (check) => `unknown  ${check}: not known locally`,
        ),
      ],
    ]);
  });

  it('is refused by the lock of a start that is not yet ready', async () => {
    const lock = await openDataFolder(folder);
    const { status, stderr } = await larder(['history', 'compare', '--local', folder]);
    await lock.release();
    expect([status, stderr.includes('in use by another `npm start`')]).toEqual([1, true]);
  });

  it('uses the emulators of a start that runs', async () => {
    const lock = await openDataFolder(folder);
    const credentials = makeCredentials();
    const admit = signedBy(credentials);
    const store = await startObjectStore(path.join(folder, 'vault'), { admit });
    const tables = await startTables(path.join(folder, 'history'), admit);
    const keys = await startKeys(path.join(folder, 'keys'), admit);
    await noteEndpoints(folder, {
      s3: store.url,
      dynamodb: tables.url,
      kms: keys.url,
      credentials,
    });
    const done = await larder(['history', 'rebuild', '--local', folder]);
    await keys.close();
    await tables.close();
    await store.close();
    await lock.release();
    expect([done.status, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toMatch(/rows written\s+1\n/);
    // What that start noted is worth nothing once it has gone.
    const after = await larder(['history', 'compare', '--local', folder]);
    expect([after.status, after.stdout.includes('No difference.')]).toEqual([0, true]);
  });

  it('reports that there is no history, and creates none', async () => {
    const nowhere = path.join(folder, 'nowhere');
    const { status, stderr } = await larder(['history', 'compare', '--local', nowhere]);
    expect([status, existsSync(nowhere)]).toEqual([1, false]);
    expect(stderr).toContain('has no history');
  });
});
