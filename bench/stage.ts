import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ENV } from '../core/contract.ts';
import { ensureKey, startKeys } from '../local/emulators/keys.ts';
import { startParameters } from '../local/emulators/parameters.ts';
import { startObjectStore } from '../local/emulators/s3/server.ts';
import { startSecrets } from '../local/emulators/secrets.ts';
import { CREDENTIALS } from '../local/region.ts';
import { environmentOfFunction } from '../local/stack/environment.ts';
import { secretArnOf } from '../local/start/config.ts';
import { makeCertificates } from '../test/layers/support/certificate.ts';
import { clientPrograms, clientRoot, PASSWORD, startPostgres } from '../test/support/postgres.ts';
import { startQueues } from '../test/support/queues.ts';
import { startTables } from '../test/support/tables.ts';
import { buildContenders } from './contenders/build.ts';
import { DATABASE, openData } from './data.ts';
import { type DeployedFunction, readDeployed, synthesizeFor } from './deployed.ts';
import { makeExports } from './exports.ts';

const MAJOR = 18;
export const SOURCE = 'main';
const NOWHERE = 'http://127.0.0.1:1';

/**
 * Everything that the contenders run against: one server, one S3 behind TLS like the real one, and Larder's other
 * services. All of it runs on this machine and uses part of its CPU, equally for every contender. Larder's functions are
 * those of the synthesized stack, with the deployed bundles and variables.
 */
export const openStage = async (say: (line: string) => void) => {
  const folder = mkdtempSync('/var/tmp/larder-bench-');
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one().catch((error) => say(`${error}`));
    // Processes that are just being killed may still write to it.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    return { ...(await assemble(folder, closing, say)), close };
  } catch (error) {
    await close();
    throw error;
  }
};

export type Stage = Awaited<ReturnType<typeof openStage>>;

const openStores = async (folder: string, closing: (() => Promise<void>)[]) => {
  const tls = await makeCertificates(folder, '127.0.0.1');
  const certificate = {
    cert: readFileSync(tls.certificate, 'utf8'),
    key: readFileSync(tls.key, 'utf8'),
  };
  const stores = {
    tls: await startObjectStore(path.join(folder, 's3'), { tls: certificate }),
    /** Without TLS, so that the requests can be recorded. */
    plain: await startObjectStore(path.join(folder, 's3-plain')),
  };
  for (const store of Object.values(stores)) {
    closing.push(() => store.close());
    await store.createBucket('vault');
  }
  return stores;
};

/** Signs the manifests. */
const KEY = 'BenchKey';

const assemble = async (
  folder: string,
  closing: (() => Promise<void>)[],
  say: (line: string) => void,
) => {
  const postgres = await startPostgres(MAJOR);
  closing.push(() => postgres.stop());
  const stores = await openStores(folder, closing);
  const tables = await startTables();
  closing.push(() => tables.stop());
  const queues = await startQueues();
  closing.push(() => queues.stop());
  const login = JSON.stringify({ username: 'postgres', password: PASSWORD });
  const secrets = await startSecrets(new Map([[secretArnOf(SOURCE), login]]));
  closing.push(() => secrets.close());
  const keysFolder = path.join(folder, 'keys');
  await ensureKey(keysFolder, KEY);
  const keys = await startKeys(keysFolder);
  closing.push(() => keys.close());

  const table = await tables.newTable();
  const queueUrl = queues.newQueue('bench.fifo', { VisibilityTimeout: '960' });
  const client = (await clientPrograms()).clients.find(({ major }) => major === MAJOR);
  if (!client) throw new Error(`There is no pg_dump ${MAJOR}.`);
  const { rows } = await postgres.sql('SHOW server_version');

  const source = { name: SOURCE, host: '127.0.0.1', port: postgres.port, database: DATABASE };
  const synthesized = await synthesizeFor(folder, {
    ...source,
    tls: 'disable',
    takesRestores: true,
  });
  const { functions, parameters } = readDeployed(synthesized);
  const settings = await startParameters(parameters);
  closing.push(() => settings.close());
  const functionOf = (role: string): DeployedFunction => {
    const found = functions.find((one) => one.role === role);
    if (!found) throw new Error(`The stack has no function ${role}.`);
    return found;
  };
  const machine = {
    endpoints: {
      s3: stores.tls.url,
      sqs: queues.endpoint,
      dynamodb: tables.endpoint,
      secretsManager: secrets.url,
      kms: keys.url,
      ssm: settings.url,
      ses: NOWHERE,
      lambda: NOWHERE,
      scheduler: NOWHERE,
      others: NOWHERE,
    },
    credentials: CREDENTIALS,
    postgresRoots: [await clientRoot()],
    temporaryFolder: path.join(folder, 'tmp'),
  };
  const addresses = new Map(
    functions.map((one) => [one.role, queuesOf(one, queueUrl, queues)] as const),
  );
  /** The environment of a function's process in the stack, with the table, bucket and queues of the stage. */
  const environment = (role: string, changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...environmentOfFunction(functionOf(role), machine),
    ...addresses.get(role),
    HOME: folder,
    NODE_EXTRA_CA_CERTS: path.join(folder, 'authority.pem'),
    PGPASSWORD: PASSWORD,
    [ENV.historyTable]: table,
    [ENV.vaultBucket]: 'vault',
    [ENV.manifestKeys]: KEY,
    ...changes,
  });

  return {
    folder,
    postgres,
    tables,
    /** The history table. */
    table,
    /** The path of an object of the vault in the store. */
    storedFile: (key: string): string => path.join(folder, 's3', 'vault', key),
    queues,
    functions,
    environment,
    plainEndpoints: { ...machine.endpoints, s3: stores.plain.url },
    data: await openData(postgres, say),
    exports: makeExports(tables, table, queues, queueUrl),
    contenders: buildContenders(path.join(folder, 'contenders')),
    pgDump: client.pgDump,
    postgresVersion: String(rows[0].server_version),
    /** The source's settings as a function's variable, for another database of the same server. */
    sourceOf: (database: string, changes: Readonly<Record<string, unknown>> = {}): string =>
      JSON.stringify({
        ...JSON.parse(functionOf('export').environment[ENV.source] ?? '{}'),
        database,
        ...changes,
      }),
    /** Flags of a plain `pg_dump` of one schema. */
    dumpFlags: (schema: string, database: string, flags: readonly string[]): string[] => [
      `--dbname=host=127.0.0.1 port=${postgres.port} dbname=${database} user=postgres sslmode=disable`,
      `--schema=${schema}`,
      ...flags,
    ],
    /**
     * How Lambda's runtime starts Node for a function, depending on its memory (/var/runtime/bootstrap of
     * https://github.com/aws/aws-lambda-base-images).
     */
    nodeFlagsOf: (role: string): string[] => {
      const { memoryMb } = functionOf(role);
      const youngMb = Math.floor(memoryMb / 10);
      return [
        '--expose-gc',
        `--max-semi-space-size=${Math.floor(youngMb / 2)}`,
        `--max-old-space-size=${memoryMb - youngMb}`,
      ];
    },
    /** A function's deployed bundle, in a folder of its own; returns its file. */
    bundleOf: (role: string): string => {
      const target = path.join(folder, 'bundles', role);
      mkdirSync(target, { recursive: true });
      cpSync(functionOf(role).codeFolder, target, { recursive: true });
      return path.join(target, 'index.mjs');
    },
  };
};

/** Queues whose addresses the function has: the exports' own queue, and one for everything else that it sends. */
const queuesOf = (
  { role, environment }: DeployedFunction,
  exportsUrl: string,
  queues: Awaited<ReturnType<typeof startQueues>>,
): Record<string, string> => {
  const addresses: Record<string, string> = {};
  for (const [key, variable] of Object.entries(ENV)) {
    const address = environment[variable];
    if (!key.endsWith('Queue') || address === undefined) continue;
    const name = `bench-${role}-${key}${address.endsWith('.fifo') ? '.fifo' : ''}`;
    addresses[variable] = key === 'exportsQueue' ? exportsUrl : queues.newQueue(name);
  }
  return addresses;
};
