import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

/**
 * Where the emulators of a running start listen, noted in its data folder for other programs of this machine. Good only
 * while the folder's lock is held: a start that was killed leaves its note.
 */
const endpoints = z.object({ s3: z.url(), dynamodb: z.url() });
export type NotedEndpoints = z.infer<typeof endpoints>;

const fileIn = (folder: string): string => path.join(folder, 'endpoints.json');

export const noteEndpoints = async (
  folder: string,
  { s3, dynamodb }: NotedEndpoints,
): Promise<void> => {
  await writeFile(fileIn(folder), JSON.stringify({ s3, dynamodb }));
};

export const forgetEndpoints = (folder: string): Promise<void> =>
  rm(fileIn(folder), { force: true });

/** Undefined where no start has got that far. */
export const readEndpoints = async (folder: string): Promise<NotedEndpoints | undefined> => {
  try {
    return endpoints.parse(JSON.parse(await readFile(fileIn(folder), 'utf8')));
  } catch {
    return undefined;
  }
};
