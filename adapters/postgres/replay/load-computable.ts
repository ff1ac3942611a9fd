import type { TableName } from '../../../core/restore.ts';
import { shown } from '../sql/describe-statement.ts';
import { type GeneratedColumn, type Uncomputed, uncomputed } from './generated-columns.ts';
import { tried } from './in-savepoint.ts';
import type { Run } from './run-state.ts';
import { whyOf } from './unfinished-objects.ts';

/**
 * Loads rows into a table whose generated columns may not be computable. A staging table keeps the rows, so that they can be inserted again
 * after an error, without the columns at fault. These columns are then reported as unfinished.
 */
export interface ComputableRows {
  readonly table: TableName;
  readonly columns: readonly GeneratedColumn[];
  /** Inserts all rows. */
  readonly insert: () => Promise<void>;
  /** Alters the table. */
  readonly alter: (sql: string) => Promise<void>;
}

interface Stopped extends Uncomputed {
  readonly of: GeneratedColumn;
}

const stop = async (all: readonly Stopped[], alter: ComputableRows['alter']): Promise<void> => {
  for (const { stops } of all) for (const sql of stops) await alter(sql);
};

/** A column is at fault if the rows can't be inserted although no other column is computed. */
const atFault = async (
  run: Run,
  all: readonly Stopped[],
  { insert, alter }: ComputableRows,
  first: Error,
): Promise<ReadonlyMap<Stopped, Error>> => {
  const found = new Map<Stopped, Error>();
  if (all.length > 1) {
    for (const one of all) {
      const alone = async (): Promise<void> => {
        await stop(
          all.filter((other) => other !== one),
          alter,
        );
        await insert();
      };
      const error = await tried(run, alone, 'roll-back');
      if (error) found.set(one, error);
    }
  }
  return found.size ? found : new Map(all.map((one) => [one, first]));
};

const nameOf = ({ column, ...table }: GeneratedColumn): string =>
  `generated column ${shown({ schema: null, name: column })} of table ${shown(table)}`;

/** @throws the error of inserting the rows without a generated column */
export const insertComputable = async (run: Run, rows: ComputableRows): Promise<void> => {
  const { client } = run;
  const first = await tried(run, rows.insert);
  if (!first) return;
  if (!rows.columns.length) throw first;
  const all: Stopped[] = [];
  for (const of of rows.columns) all.push({ ...(await uncomputed(client, of)), of });
  const faults = await atFault(run, all, rows, first);
  await stop([...faults.keys()], rows.alter);
  await rows.insert();
  for (const [{ of, starts, changed }, error] of faults) {
    const { schema, name, column, stored } = of;
    run.unfinished.push({
      kind: stored ? 'generated-column' : 'not-null',
      object: nameOf(of),
      state: stored ? 'not-computed' : 'missing',
      why: whyOf(error),
      sql: starts.join(';\n'),
      error,
      on: { schema, name },
      part: column,
      columns: changed.map((table) => ({ ...table, column })),
    });
  }
};
