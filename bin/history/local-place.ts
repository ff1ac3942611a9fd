import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { signedBy } from '../../local/emulators/admission.ts';
import { keysIn, startKeys } from '../../local/emulators/keys.ts';
import { startObjectStore } from '../../local/emulators/s3/server.ts';
import { makeCredentials } from '../../local/emulators/signature.ts';
import { startTables } from '../../local/emulators/tables.ts';
import { REGION } from '../../local/region.ts';
import { DataFolderProblem, HISTORY, KEYS, openDataFolder } from '../../local/start/data-folder.ts';
import { type NotedEndpoints, readEndpoints } from '../../local/start/endpoints.ts';
import { clearLeftover } from '../../local/start/leftovers.ts';
import type { Where } from './arguments.ts';
import type { Place } from './opened-place.ts';

/**
 * The data folder of `npm start`. If a start runs on it, its emulators are used. Otherwise the emulators are started here,
 * under the same lock, so two processes never work on the files at once.
 */
type Local = Where & { readonly kind: 'local' };

const VAULT_FOLDER = 'vault';

const isFolder = (folder: string): Promise<boolean> =>
  stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );

const checkFolder = async (folder: string): Promise<void> => {
  if (await isFolder(path.join(folder, HISTORY))) return;
  const others = await readdir(path.join(folder, 'databases')).catch(() => []);
  const hint = others.length
    ? `It has those of your own databases: ${others.map((name) => path.join(folder, 'databases', name)).join(', ')}.`
    : 'Give the folder that you gave to `npm start` with --data-dir.';
  throw new DataFolderProblem(folder, `has no history. ${hint}`);
};

interface Emulators {
  readonly endpoints: NotedEndpoints;
  stop(): Promise<void>;
}

const startEmulators = async (folder: string): Promise<Emulators> => {
  const opened = await openDataFolder(folder);
  const closing = [opened.release];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    for (const leftover of opened.leftovers) await clearLeftover(leftover);
    const credentials = makeCredentials();
    const admit = signedBy(credentials);
    const store = await startObjectStore(path.join(folder, VAULT_FOLDER), { admit });
    closing.push(store.close);
    const tables = await startTables(path.join(folder, HISTORY), admit);
    closing.push(tables.close);
    const keys = await startKeys(path.join(folder, KEYS), admit);
    closing.push(keys.close);
    const endpoints = { s3: store.url, dynamodb: tables.url, kms: keys.url, credentials };
    return { endpoints, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const reachEmulators = async (folder: string): Promise<Emulators> => {
  try {
    return await startEmulators(folder);
  } catch (error) {
    if (!(error instanceof DataFolderProblem)) throw error;
    const endpoints = await readEndpoints(folder);
    if (!endpoints) throw error;
    return { endpoints, stop: async () => undefined };
  }
};

const only = (what: string, option: string, names: readonly string[]): string => {
  const [name, ...others] = names;
  if (name !== undefined && others.length === 0) return name;
  throw new Error(
    name === undefined
      ? `There is no ${what} in this folder. Did \`npm start\` ever use it?`
      : `There are several: choose a ${what} with ${option}, ${names.join(' or ')}.`,
  );
};

export const openLocal = async (where: Local): Promise<Place> => {
  const { folder } = where;
  await checkFolder(folder);
  const { endpoints, stop } = await reachEmulators(folder);
  const access = { region: REGION, credentials: endpoints.credentials };
  const dynamodb = new DynamoDBClient({ ...access, endpoint: endpoints.dynamodb });
  const s3 = new S3Client({ ...access, endpoint: endpoints.s3, forcePathStyle: true });
  const kms = new KMSClient({ ...access, endpoint: endpoints.kms });
  const close = async (): Promise<void> => {
    dynamodb.destroy();
    s3.destroy();
    kms.destroy();
    await stop();
  };
  try {
    const buckets = await readdir(path.join(folder, VAULT_FOLDER));
    const { TableNames = [] } = await dynamodb.send(new ListTablesCommand());
    return {
      table: where.table ?? only('table', '--table', TableNames),
      bucket:
        where.bucket ??
        only(
          'vault',
          '--bucket',
          buckets.filter((name) => !name.startsWith('.')),
        ),
      dynamodb,
      s3,
      kms,
      keys: await keysIn(path.join(folder, KEYS)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
