import path from 'node:path';
import type { Gate } from '../access/gate.ts';
import { dynamodbRequests } from '../access/requests/dynamodb.ts';
import {
  kmsRequests,
  secretsRequests,
  sesRequests,
  ssmRequests,
} from '../access/requests/others.ts';
import { s3Requests } from '../access/requests/s3.ts';
import { sqsRequests } from '../access/requests/sqs.ts';
import { ensureKey, startKeys } from '../emulators/keys.ts';
import { type Mailbox, startMailbox } from '../emulators/mail.ts';
import { startParameters } from '../emulators/parameters.ts';
import { type Queues, startQueues } from '../emulators/queues.ts';
import { type ObjectStore, startObjectStore } from '../emulators/s3/server.ts';
import { startSecrets } from '../emulators/secrets.ts';
import type { Credentials } from '../emulators/signature.ts';
import { startTables } from '../emulators/tables.ts';
import { KEYS } from '../start/data-folder.ts';

interface Served {
  /** Its address, behind the gate. */
  readonly url: string;
}

/** The services that the functions call, without Lambda itself. */
export interface Emulators {
  readonly store: Pick<ObjectStore, 'url' | 'createBucket' | 'has'>;
  readonly queues: Pick<Queues, 'url' | 'ensure'>;
  readonly tables: Served;
  readonly mailbox: Pick<Mailbox, 'url' | 'pageUrl' | 'count'>;
  readonly secrets: Served;
  readonly keys: Served & {
    /** Creates a key for MACs, if there is none with that id. */
    ensure(id: string): Promise<void>;
  };
  /** Systems Manager with these parameters, values by name. */
  startParameters(values: ReadonlyMap<string, string>): Promise<Served>;
}

export interface EmulatorsOptions {
  /** Folder for what they store. */
  readonly dataDir: string;
  readonly credentials: Credentials;
  /** Access control of each service. */
  readonly admit: Gate['admit'];
  /** Secrets Manager's secrets, by ARN. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Registers what is closed when the stack stops. */
  readonly opened: <T extends { close(): Promise<void> }>(one: T) => T;
}

export type StartEmulators = (options: EmulatorsOptions) => Promise<Emulators>;

/** The emulators of `npm start`, which keep what they store in the data folder. */
export const startEmulators: StartEmulators = async (options) => {
  const { dataDir, credentials, admit, secrets, opened } = options;
  const below = (name: string): string => path.join(dataDir, name);
  const folder = below(KEYS);
  const keys = opened(await startKeys(folder, admit(kmsRequests)));
  return {
    store: opened(await startObjectStore(below('vault'), { admit: admit(s3Requests) })),
    queues: opened(await startQueues(below('queues'), credentials, admit(sqsRequests))),
    tables: opened(await startTables(below('history'), admit(dynamodbRequests))),
    mailbox: opened(await startMailbox(below('mails'), admit(sesRequests))),
    secrets: opened(await startSecrets(secrets, admit(secretsRequests))),
    keys: { url: keys.url, ensure: (id) => ensureKey(folder, id) },
    startParameters: async (values) => opened(await startParameters(values, admit(ssmRequests))),
  };
};
