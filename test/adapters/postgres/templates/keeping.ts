import type pg from 'pg';
import { makeFreshTemplate } from '../../../../adapters/postgres/engine/fresh-template.ts';
import type { Template, TemplateOf } from '../../../../adapters/postgres/engine/template.ts';
import { connect, disconnect } from '../../../../adapters/postgres/session/session.ts';
import { serverFacts } from '../../../../adapters/postgres/snapshot/snapshot.ts';
import { keepTemplates } from '../../../../adapters/postgres/templates/keep-templates.ts';
import { makeTemplateMemory } from '../../../../adapters/postgres/templates/template-memory.ts';
import { sourceSettings } from '../../../../core/settings.ts';
import type { TemplateStore, TurnedOff } from '../../../../core/template-ports.ts';
import { clientRoot, PASSWORD, type Postgres } from '../../../support/postgres.ts';

/** Templates of one schema that are kept in this process instead of a vault. */
export const memoryStore = () => {
  const entries = new Map<string, Buffer>();
  const turnedOff: TurnedOff[] = [];
  const store: TemplateStore = {
    read: async (name) => entries.get(name),
    write: async (name, entry) => void entries.set(name, entry),
    isTurnedOff: async () => turnedOff.length > 0,
    turnOff: async (why) => void turnedOff.push(why),
  };
  return { store, entries, turnedOff };
};

export interface Worker {
  /** One export's template, with whether pg_dump made it. */
  template(schema: string): Promise<{ readonly template: Template; readonly isFresh: boolean }>;
  /** Done once, while pg_dump runs. */
  meanwhile: (() => Promise<unknown>) | undefined;
  now: number;
  /** 1 never compares, 0 always does. */
  chance: number;
  readonly alarms: TurnedOff[];
  readonly warnings: string[];
}

interface WorkerOptions {
  readonly store: TemplateStore;
  readonly user?: string;
  /** Instead of pg_dump. */
  readonly fresh?: TemplateOf;
}

/** A worker's process: what it keeps in memory is its own. */
export const startWorker = async (
  postgres: Postgres,
  database: string,
  { store, user = 'postgres', fresh: given }: WorkerOptions,
): Promise<Worker> => {
  const access = {
    settings: sourceSettings.parse({
      ...{ name: 'main', host: '127.0.0.1', port: postgres.port, database, tls: 'disable' },
      auth: { type: 'secret', secretArn: 'arn:aws:secretsmanager:eu-central-1:1:secret:x' },
    }),
    credentials: async () => ({ user, password: PASSWORD }),
    programRoots: [await clientRoot()],
  };
  let made = 0;
  const stock = given ?? makeFreshTemplate(access);
  const fresh: TemplateOf = async (request) => {
    made += 1;
    const template = await stock(request);
    const { meanwhile } = worker;
    worker.meanwhile = undefined;
    await meanwhile?.();
    return template;
  };
  const templateOf = keepTemplates(fresh, {
    store,
    memory: makeTemplateMemory(1_000_000),
    dumpVersion: async () => '1.0',
    clock: () => worker.now,
    log: {
      info: () => undefined,
      warn: (text) => void worker.warnings.push(text),
      error: () => undefined,
    },
    onDifference: (why) => void worker.alarms.push(why),
    chance: () => worker.chance,
  });
  const worker: Worker = {
    meanwhile: undefined,
    now: Date.parse('2026-11-30T00:00:00Z'),
    chance: 0.999,
    alarms: [],
    warnings: [],
    template: async (schema) => {
      const session = { applicationName: 'larder/test', pipelined: true, plansByIndex: true };
      const holder = await connect(access, session);
      const observer = await connect(access, session);
      const before = made;
      try {
        const template = await templateOf(observer)({
          ...{ schemas: [schema], extensions: [], applicationName: 'larder/test', content: 'full' },
          ...{ server: await serverFacts(observer), holder, signal: new AbortController().signal },
          snapshotId: await takeSnapshot(holder),
        });
        return { template, isFresh: made > before };
      } finally {
        await disconnect(holder);
        await disconnect(observer);
      }
    },
  };
  return worker;
};

const takeSnapshot = async (holder: pg.Client): Promise<string> => {
  await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const found = await holder.query<{ id: string }>('SELECT pg_catalog.pg_export_snapshot() AS id');
  return found.rows[0]?.id ?? '';
};
