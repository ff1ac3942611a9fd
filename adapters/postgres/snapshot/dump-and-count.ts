import type pg from 'pg';
import type { CopiedTable, Engine } from '../../../core/engine.ts';
import type { LockNeed } from '../../../core/errors/schema.ts';
import { tableKey } from '../../../core/manifest.ts';
import type { Dump, DumpRequest, ServerFacts, TableCount } from '../../../core/snapshot-ports.ts';
import type { Comparison } from '../../../core/verification.ts';
import { readComparableText } from '../catalog/comparable-text.ts';
import type { Beginning, InventoryOptions } from '../catalog/inventory.ts';
import { countRows } from '../counting/count-rows.ts';
import { startEngineDump } from '../engine/start-dump.ts';
import type { TemplateOf } from '../engine/template.ts';
import type { WrittenDump } from '../engine/write-dump.ts';
import type { ProgramAccess } from '../programs/client-programs.ts';
import { startDump } from '../programs/pg-dump.ts';
import { withLockNeed } from '../session/lock-slots.ts';
import { planFreely } from '../session/planned-by-index.ts';

/**
 * The dump of a snapshot, by the engine or by pg_dump, and the counts of its rows. The engine's dump runs in the holder, whose COPY says how
 * many rows it sent; beside pg_dump, the holder counts them.
 */
export interface DumpingContext {
  readonly access: ProgramAccess;
  readonly templateOf: TemplateOf;
  readonly engine: Engine;
  readonly holder: pg.Client;
  readonly snapshotId: string;
  readonly takenAt: string;
  readonly server: ServerFacts;
  readonly applicationName: string;
  readonly locks: LockNeed;
  readonly named: InventoryOptions;
  readonly beginning: Beginning;
  readonly compare: Comparison;
  readonly lockTimeoutMs: number;
  /** The holder is free once it has resolved. */
  readonly inventory: Promise<unknown>;
}

export interface Dumping {
  dump(request: DumpRequest): Promise<Dump>;
  /** After `dump` was called, or without one. */
  countRows(signal: AbortSignal): Promise<ReadonlyMap<string, TableCount>>;
}

export const makeDumping = (context: DumpingContext): Dumping => {
  const { access, templateOf, engine, holder, beginning, inventory, locks } = context;
  const { schemas } = context.named;
  const comparable = inventory.then(() => comparableOf(context));
  // Awaited by the engine's dump and by the counting.
  comparable.catch(() => undefined);
  let written: Promise<WrittenDump> | undefined;
  return {
    dump: async (request) => {
      const shared = {
        schemas,
        extensions: beginning.inside,
        throughRoot: beginning.divided.mustBeTold,
        snapshotId: context.snapshotId,
        server: context.server,
        applicationName: context.applicationName,
        locks,
      };
      if (engine === 'pg_dump') {
        return { ...(await startDump(access, { ...request, ...shared })), engine };
      }
      const { facts, sequences } = beginning;
      const { takenAt } = context;
      const own = { holder, facts, sequences, free: comparable, takenAt };
      const made = await startEngineDump(templateOf, request, { ...shared, ...own });
      if ('refused' in made) {
        const dump = await startDump(access, { ...request, ...shared });
        return { ...dump, engine: 'pg_dump', instead: made.refused };
      }
      written = made.written;
      const contents = written.then((all) => all.contents);
      contents.catch(() => undefined);
      const exited = written.then(() => undefined);
      exited.catch(() => undefined);
      return { version: made.version, output: made.output, exited, engine, contents };
    },
    countRows: async (signal) => {
      const comparables = await comparable;
      const copied = new Map<string, TableCount>();
      for (const [key, table] of (await written)?.tables ?? []) {
        copied.set(key, { rows: table.rows, copied: copiedOf(table, comparables.has(key)) });
      }
      const counted = await countTheRest(context, copied, signal);
      return new Map([
        ...counted,
        ...[...copied].map(([key, own]): [string, TableCount] => [
          key,
          { ...counted.get(key), ...own },
        ]),
      ]);
    },
  };
};

/** Only the engine needs them. */
const comparableOf = async ({
  engine,
  holder,
  named,
  beginning,
}: DumpingContext): Promise<ReadonlySet<string>> =>
  engine === 'pg_dump'
    ? new Set()
    : await readComparableText(holder, named.schemaOids, beginning.divided.under);

const copiedOf = (
  { rows: _, ...copied }: CopiedTable,
  comparable: boolean,
): NonNullable<TableCount['copied']> => ({ ...copied, comparable });

/** What COPY has not counted; and hashes, if they were asked for, of tables whose text can't be compared. */
const countTheRest = async (
  { holder, beginning, named, compare, lockTimeoutMs, locks }: DumpingContext,
  copied: ReadonlyMap<string, TableCount>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TableCount>> => {
  const isDone = ({ schema, name }: { readonly schema: string; readonly name: string }) => {
    const found = copied.get(tableKey(schema, name));
    return found !== undefined && (compare === 'counts' || found.copied?.comparable === true);
  };
  const countable = beginning.countable.filter((table) => !isDone(table));
  if (countable.length === 0) return new Map();
  await planFreely(holder);
  const { ways } = beginning;
  const counting = { countable, ways, schemas: named.schemas, compare, lockTimeoutMs };
  return await countRows(holder, counting, signal).catch((error: unknown) => {
    throw withLockNeed(error, locks);
  });
};
