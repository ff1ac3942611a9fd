import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TemplateOf } from '../../../../adapters/postgres/engine/template.ts';
import { makeSnapshotSource } from '../../../../adapters/postgres/snapshot/snapshot.ts';
import type { KeepOptions } from '../../../../adapters/postgres/templates/keep-templates.ts';
import type { Content } from '../../../../core/backup.ts';
import type { Engine } from '../../../../core/engine.ts';
import { uuidv7 } from '../../../../core/ids.ts';
import { sourceSettings } from '../../../../core/settings.ts';
import type {
  Dump,
  Snapshot,
  SnapshotRequest,
  TableCount,
} from '../../../../core/snapshot-ports.ts';
import { clientRoot, PASSWORD, type Postgres } from '../../../support/postgres.ts';

/** Dumps by either engine, without queues and vault. */
export interface Dumped {
  readonly archive: Buffer;
  readonly counts: ReadonlyMap<string, TableCount>;
  readonly dump: Dump;
}

export interface DumpAs extends Partial<Pick<SnapshotRequest, 'compare' | 'signal'>> {
  readonly engine: Engine;
  readonly compress?: string;
  readonly content?: Content;
  readonly user?: string;
  readonly templateOf?: TemplateOf;
  readonly keeping?: KeepOptions;
  /** Before the output is read. */
  readonly meanwhile?: () => Promise<unknown>;
}

export const openSnapshot = async (
  postgres: Postgres,
  database: string,
  schemas: readonly string[],
  { engine, content = 'full', user = 'postgres', templateOf, keeping, compare, signal }: DumpAs,
): Promise<Snapshot> => {
  const source = makeSnapshotSource({
    settings: sourceSettings.parse({
      ...{ name: 'main', host: '127.0.0.1', port: postgres.port, database, tls: 'disable' },
      auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    }),
    credentials: async () => ({ user, password: PASSWORD }),
    programRoots: [await clientRoot()],
    ...(templateOf && { templateOf }),
    ...(keeping && { keeping }),
  });
  return await source.open({
    ...{ backupId: uuidv7(Date.now()), attempt: 1, schemas, content, engine },
    ...{ lockTimeoutMs: 5000, giveWayAfterSeconds: 1, partitionsElsewhere: 'accept' },
    ...(compare && { compare }),
    ...(signal && { signal }),
  });
};

export const dumpAs = async (
  postgres: Postgres,
  database: string,
  schemas: readonly string[],
  given: DumpAs,
): Promise<Dumped> => {
  const { compress = 'none', content = 'full', signal = new AbortController().signal } = given;
  const snapshot = await openSnapshot(postgres, database, schemas, given);
  try {
    const wanted = { format: 'custom', compress, content, signal } as const;
    const dump = await snapshot.dump({ ...wanted, onTable: () => undefined });
    await given.meanwhile?.();
    const counting = snapshot.countRows(signal);
    counting.catch(() => undefined);
    const pieces: Buffer[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of dump.output) pieces.push(piece);
      await dump.exited;
    };
    await Promise.race([read(), snapshot.disturbed]);
    return { archive: Buffer.concat(pieces), counts: await counting, dump };
  } finally {
    await snapshot.close();
  }
};

/** The output of pg_restore for an archive that it reads from a pipe. @throws what it writes to its standard error */
export const restored = async (
  program: string,
  flags: readonly string[],
  archive: Buffer,
): Promise<string> => {
  const env = { PGPASSWORD: PASSWORD, LC_ALL: 'C.UTF-8' };
  const child = spawn(program, [...flags], { env });
  child.stdin.on('error', () => undefined).end(archive);
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const text: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => text.push(data));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(errors);
  // The key of \restrict differs each time.
  return Buffer.concat(text)
    .toString()
    .replaceAll(/^\\(un)?restrict .*$/gm, '');
};
