import path from 'node:path';
import type { Backup } from '../../core/backup.ts';
import { ENV } from '../../core/contract.ts';
import type { DumperResult, DumperTask } from '../contenders/dumper.ts';
import type { Recipe } from '../contenders/recipe.ts';
import type { WorkerResult, WorkerTask } from '../contenders/worker.ts';
import { DATABASE } from '../data.ts';
import type { Requested } from '../exports.ts';
import { type Measured, measure } from '../measure.ts';
import type { Stage } from '../stage.ts';

export const CONTENDERS = ['gzip-file', 'custom-default', 'custom-zstd-1', 'larder'] as const;
export type Contender = (typeof CONTENDERS)[number];

export const CONTENDER_NAMES: Readonly<Record<Contender, string>> = {
  'gzip-file': '1. plain through `gzip -6` to a file, then upload',
  'custom-default': '2. `pg_dump -Fc`, piped to an upload',
  'custom-zstd-1': '3. the same with `zstd:1`: the floor',
  larder: '4. Larder’s export worker',
};

const RECIPES: Readonly<Record<Exclude<Contender, 'larder'>, Pick<Recipe, 'way' | 'flags'>>> = {
  'gzip-file': { way: 'file', flags: ['--format=plain'] },
  'custom-default': { way: 'piped', flags: ['--format=custom'] },
  'custom-zstd-1': { way: 'piped', flags: ['--format=custom', '--compress=zstd:1'] },
};

const runRecipe = async (
  stage: Stage,
  recipe: Pick<Recipe, 'way' | 'flags'>,
): Promise<Measured> => {
  const { result: _, ...measured } = await measure({
    script: stage.contenders.recipe,
    flags: stage.nodeFlagsOf('export'),
    task: {
      ...recipe,
      pgDump: stage.pgDump,
      temporaryFile: path.join(stage.folder, 'dump.sql.gz'),
      key: 'bench/recipe',
    } satisfies Recipe,
    environment: stage.environment('export'),
  });
  return measured;
};

/** `pg_dump` alone, its output discarded, one after another in the same process. @param flags of each, besides its schema's */
export const runDumps = (
  stage: Stage,
  schemas: readonly string[],
  flags: readonly string[],
  database = DATABASE,
): Promise<Measured & { readonly result: DumperResult }> =>
  measure<DumperResult>({
    script: stage.contenders.dumper,
    flags: stage.nodeFlagsOf('export'),
    task: {
      pgDump: stage.pgDump,
      flags: schemas.map((schema) => stage.dumpFlags(schema, database, flags)),
    } satisfies DumperTask,
    environment: stage.environment('export'),
  });

export interface ExportRun {
  readonly stage: Stage;
  readonly bundle: string;
  /** Exported one after another in the same process. */
  readonly schemas: readonly string[];
  readonly database?: string;
  /** For Node itself. */
  readonly flags?: readonly string[];
  /** Variables besides those of the stage. */
  readonly changes?: NodeJS.ProcessEnv;
}

export interface Exported extends Measured {
  readonly result: WorkerResult;
  readonly backups: readonly Backup[];
}

/** Runs the export worker. @throws Error if a backup is not completed */
export const runExport = async (run: ExportRun): Promise<Exported> => {
  const { stage, bundle, schemas, database = DATABASE, flags = [], changes = {} } = run;
  const requested: Requested[] = [];
  for (const schema of schemas) requested.push(await stage.exports.request(schema));
  const measured = await measure<WorkerResult>({
    script: stage.contenders.worker,
    flags: [...stage.nodeFlagsOf('export'), ...flags],
    task: { bundle, events: requested.map(({ event }) => event) } satisfies WorkerTask,
    environment: stage.environment('export', {
      [ENV.source]: stage.sourceOf(database),
      ...changes,
    }),
  });
  const backups: Backup[] = [];
  for (const one of requested) backups.push(await stage.exports.settle(one));
  return { ...measured, backups };
};

export const runContender = async (
  stage: Stage,
  contender: Contender,
  bundle: string,
  schema: string,
  database = DATABASE,
): Promise<Measured> => {
  if (contender === 'larder') {
    const {
      result: _,
      backups: __,
      ...measured
    } = await runExport({ stage, bundle, schemas: [schema], database });
    return measured;
  }
  const { way, flags } = RECIPES[contender];
  return await runRecipe(stage, { way, flags: stage.dumpFlags(schema, database, flags) });
};
