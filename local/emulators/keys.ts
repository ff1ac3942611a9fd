import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { ACCOUNT, PARTITION, REGION } from '../region.ts';
import type { Admit } from './admission.ts';
import { type Listening, listenOnLoopback } from './loopback.ts';

/**
 * KMS, only for HMAC keys: GenerateMac and VerifyMac, with the keys of the template. The key material is kept in files, so signatures of
 * an earlier start can still be verified.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html
 */
const ALGORITHM = 'HMAC_SHA_256';
const KEY_BYTES = 32;
const SUFFIX = '.key';

const request = z.object({
  KeyId: z.string().min(1),
  MacAlgorithm: z.literal(ALGORITHM),
  /** Base64; 4,096 bytes at most. */
  Message: z.base64(),
  Mac: z.base64().optional(),
});

class Refusal extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** The id at the end of an ARN, or the id. */
const idOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

const arnOf = (id: string): string => `arn:${PARTITION}:kms:${REGION}:${ACCOUNT}:key/${id}`;

/** Ids of the keys that a folder holds. */
export const keysIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => []))
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length));

/** Creates a key if the folder has none with that id. */
export const ensureKey = async (folder: string, id: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path.join(folder, `${id}${SUFFIX}`), randomBytes(KEY_BYTES), {
    flag: 'wx',
    mode: 0o600,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
};

const answerTo = async (folder: string, target: string, body: string): Promise<unknown> => {
  const { KeyId, Message, Mac, MacAlgorithm } = request.parse(JSON.parse(body));
  const id = idOf(KeyId);
  if (!(await keysIn(folder)).includes(id))
    throw new Refusal('NotFoundException', `Key '${arnOf(id)}' does not exist`);
  const message = Buffer.from(Message, 'base64');
  if (message.length > 4096) throw new Refusal('ValidationException', 'message is too long');
  const key = await readFile(path.join(folder, `${id}${SUFFIX}`));
  const mac = createHmac('sha256', key).update(message).digest();
  const about = { KeyId: arnOf(id), MacAlgorithm };
  if (target === 'TrentService.GenerateMac') return { ...about, Mac: mac.toString('base64') };
  if (target !== 'TrentService.VerifyMac') throw new Refusal('NotEmulated', `${target} is not`);
  const sum = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
  if (!timingSafeEqual(sum(Buffer.from(Mac ?? '', 'base64')), sum(mac)))
    throw new Refusal('KMSInvalidMacException', 'the MAC is not of this message and key');
  return { ...about, MacValid: true };
};

/** @param folder of the keys; created with the first key */
export const startKeys = (folder: string, admit?: Admit): Promise<Listening> =>
  listenOnLoopback(
    createServer((incoming, response) => {
      const send = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(body));
      };
      const target = String(incoming.headers['x-amz-target'] ?? '');
      text(incoming)
        .then(async (body) => send(200, await answerTo(folder, target, body)))
        .catch((error: Error) => {
          const type = error instanceof Refusal ? error.type : 'ValidationException';
          send(400, { __type: type, message: error.message });
        });
    }),
    admit,
  );
