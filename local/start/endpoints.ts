import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { LocalStack } from '../stack.ts';

/**
 * The emulators' addresses and credentials of a running start, recorded in its data folder for other programs of the same user.
 * Valid only while the folder's lock is held: a killed start leaves its record.
 */
const endpoints = z.object({
  s3: z.url(),
  dynamodb: z.url(),
  kms: z.url(),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  /** Absent in records of emulators alone. */
  api: z.object({ url: z.url(), token: z.string() }).optional(),
});
export type NotedEndpoints = z.infer<typeof endpoints>;

/** The data folder of `npm start` by default. */
export const DATA_FOLDER = '.larder';

const fileIn = (folder: string): string => path.join(folder, 'endpoints.json');

/** Options of curl with the API's token; as an argument, the token would be visible in the list of processes. */
export const curlFileIn = (folder: string): string => path.join(folder, 'api.curl');

/** An existing file keeps its mode, so it is created again. */
const writeSecret = async (file: string, text: string): Promise<void> => {
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
};

export const noteEndpoints = (folder: string, noted: NotedEndpoints): Promise<void> =>
  writeSecret(fileIn(folder), JSON.stringify(noted));

export const noteStack = async (
  folder: string,
  { endpoints: { s3, dynamodb, kms }, credentials, apiToken, apiUrl }: LocalStack,
): Promise<void> => {
  await noteEndpoints(folder, {
    s3,
    dynamodb,
    kms,
    credentials,
    api: { url: apiUrl, token: apiToken },
  });
  await writeSecret(curlFileIn(folder), `header = "authorization: Bearer ${apiToken}"\n`);
};

export const forgetStack = async (folder: string): Promise<void> => {
  for (const file of [fileIn(folder), curlFileIn(folder)]) await rm(file, { force: true });
};

/** Undefined if no start has got that far. */
export const readEndpoints = async (folder: string): Promise<NotedEndpoints | undefined> => {
  try {
    return endpoints.parse(JSON.parse(await readFile(fileIn(folder), 'utf8')));
  } catch {
    return undefined;
  }
};
