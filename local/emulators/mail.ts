import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type ses from 'aws-ses-v2-local';
import { createEmlContent } from 'aws-ses-v2-local/dist/emlFile.js';
import {
  clearStore,
  type Email,
  getStoreReadonly,
  saveEmail,
} from 'aws-ses-v2-local/dist/store.js';
import { type Admit, guardRequests, pageOf } from './admission.ts';
import { LOOPBACK } from './loopback.ts';
import { makeToken } from './signature.ts';

/**
 * SES: aws-ses-v2-local, whose page shows the mails. It keeps them in memory. Here each mail is also written to the
 * folder when it arrives: as a `.eml` file for people, and to a list from which the next start fills the page again.
 */
export interface Mailbox {
  /** Address of the API that sends mails. */
  readonly url: string;
  /** The page that shows them, including the token that opens it. */
  readonly pageUrl: string;
  count(): number;
  close(): Promise<void>;
}

const LIST = 'mails.json';

// CommonJS: Node and vitest expose its default export in two different ways.
const { default: startSes } = createRequire(import.meta.url)('aws-ses-v2-local') as typeof ses;

/** A caller of SES sends `authorization`; a browser that opens the page does not. */
const either =
  (admit: Admit | undefined, page: Admit): Admit =>
  (request) =>
    (request.headers.authorization === undefined ? page : admit)?.(request);

export const startMailbox = async (folder: string, admit?: Admit): Promise<Mailbox> => {
  const token = makeToken();
  await mkdir(folder, { recursive: true });
  clearStore();
  for (const mail of await earlierMails(path.join(folder, LIST))) saveEmail(mail);
  const server = await startSes({ host: LOOPBACK, port: 0 });
  guardRequests(server, either(admit, pageOf(token)));
  let written = getStoreReadonly().emails.length;
  let writing = Promise.resolve();
  server.on('request', (request, response) => {
    if (request.method !== 'POST') return;
    response.on('finish', () => {
      const mails = getStoreReadonly().emails;
      const fresh = mails.slice(written);
      written = mails.length;
      writing = writing.then(() => keep(folder, mails, fresh));
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://${LOOPBACK}:${port}`,
    pageUrl: `http://${LOOPBACK}:${port}/?token=${token}`,
    count: () => getStoreReadonly().emails.length,
    close: async () => {
      await new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      });
      await writing;
    },
  };
};

const earlierMails = async (file: string): Promise<readonly Email[]> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw error;
  });
  return JSON.parse(text) as Email[];
};

const keep = async (
  folder: string,
  mails: readonly Email[],
  fresh: readonly Email[],
): Promise<void> => {
  for (const mail of fresh) {
    const time = new Date(mail.at * 1000).toISOString().replace(/[-:]/g, '').slice(0, 15);
    const id = mail.messageId.replace(/[^A-Za-z0-9]/g, '').slice(-8);
    const { body } = await createEmlContent(mail);
    await writeFile(path.join(folder, `${time}Z-${id}.eml`), body);
  }
  const temporary = path.join(folder, `${LIST}.new`);
  await writeFile(temporary, JSON.stringify(mails));
  await rename(temporary, path.join(folder, LIST));
};
