import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { printableJson, printableLines } from '../../core/printable.ts';
import { type Config, checkConfig } from '../../lib/config.ts';
import { type PreparedDatabase, prepareDemo, prepareOwn } from '../database/prepare.ts';
import { checkPortFree } from '../emulators/loopback.ts';
import { type LocalStack, startStack } from '../stack.ts';
import { synthesizeApart } from '../template/synthesis.ts';
import { type Arguments, BadUsage, HELP, readArguments } from './arguments.ts';
import {
  loadConfig,
  localConfig,
  restoreSecretArnOf,
  scheduleToFire,
  secretArnOf,
} from './config.ts';
import { type DataFolder, folderOfDatabase, openDataFolder } from './data-folder.ts';
import { forgetStack, noteStack } from './endpoints.ts';
import { firstRun, isGood } from './first-run.ts';
import { type Guard, startGuard } from './guard.ts';
import { clearLeftover } from './leftovers.ts';
import { nextStepsText } from './next-steps.ts';
import { makeProgress, type Progress } from './progress.ts';
import { jsonText, type Result, tableText } from './report.ts';
import { type Stop, watchSignals } from './signals.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { secondsText } from './words.ts';

/**
 * `npm start`. Every opened resource is put on a list and closed in reverse order, whatever ends the start: the run's
 * end, a signal, or a failure of any step. Standard output has the result; everything else goes to standard error.
 */
export const main = async (argv: readonly string[]): Promise<number> => {
  const began = performance.now();
  let wanted: Arguments | undefined;
  try {
    wanted = readArguments(argv);
  } catch (error) {
    if (!(error instanceof BadUsage)) throw error;
    process.stderr.write(`larder: ${printableLines(error.message)}\n`);
    return 2;
  }
  if (!wanted) {
    process.stdout.write(HELP);
    return 0;
  }
  // The arguments may contain a password, which every user could then read.
  process.title = 'larder';
  const stop = watchSignals();
  const progress = makeProgress(process.stderr);
  const closing: (() => Promise<void>)[] = [];
  let status: number;
  try {
    status = await run({ wanted, stop, progress, closing, began });
  } catch (error) {
    progress.settle();
    status = stop.signal.aborted ? 130 : 1;
    if (!stop.signal.aborted) tellFailure(error, wanted);
  }
  for (const close of closing.reverse()) {
    await close().catch((error: Error) =>
      progress.line(`larder: while stopping: ${error.message}`),
    );
  }
  stop.release();
  return status;
};

const tellFailure = (error: unknown, { json, verbose }: Arguments): void => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`larder: ${printableLines(message)}\n`);
  if (verbose && error instanceof Error)
    process.stderr.write(`${printableLines(error.stack ?? '')}\n`);
  if (json) {
    const document = { run: null, backups: [], error: { name, message } };
    process.stdout.write(`${printableJson(document, 2)}\n`);
  }
};

interface Start {
  readonly wanted: Arguments;
  readonly stop: Stop;
  readonly progress: Progress;
  readonly closing: (() => Promise<void>)[];
  /** Start time, on the clock of `performance`. */
  readonly began: number;
}

const run = async (start: Start): Promise<number> => {
  const { wanted, stop, progress } = start;
  const { stack, database, folder, schedule } = await prepare(start);
  stop.signal.throwIfAborted();
  const { signal } = stop;
  const result = await firstRun({ stack, schedule, verify: wanted.verify, signal, progress });
  report(start, stack, database, result, folder);
  if (wanted.once) return isGood(result) ? 0 : 1;
  await stop.asked;
  progress.line('Stopping: running work has 5 seconds to end. Press Ctrl-C again to stop at once.');
  return 0;
};

const prepare = async (start: Start) => {
  const { wanted, stop, progress, closing, began } = start;
  await checkPortFree(wanted.port);
  const config = checkConfig(await loadConfig(wanted.config), path.dirname(wanted.config));
  const folder = await openDataFolder(
    wanted.database ? folderOfDatabase(wanted.dataDir, wanted.database) : wanted.dataDir,
  );
  closing.push(folder.release);
  for (const leftover of folder.leftovers) await clearLeftover(leftover);
  await mkdir(path.join(folder.path, 'logs'), { recursive: true });
  const guard = startGuard();
  closing.push(async () => guard.dismiss());
  const temporaryFolder = await makeTemporaryFolder();
  closing.push(() => rm(temporaryFolder, { recursive: true, force: true }));
  await watchOver(folder, guard, { folder: temporaryFolder });

  const database = await prepareDatabase(start, config, folder, guard, temporaryFolder);
  closing.push(database.stop);
  for (const note of database.notes) progress.line(note);
  stop.signal.throwIfAborted();
  // A start that ends after its run would interrupt work that it did not wait for.
  const onlyWhenAsked = wanted.once || wanted.verify;
  const local = localConfig(config, database.source, { onlyWhenAsked });
  const failed = new AbortController();
  const stackFolder = path.join(folder.path, 'stack');
  const synthesis = synthesizeApart(local, {
    folder: stackFolder,
    temporaryFolder,
    signal: AbortSignal.any([stop.signal, failed.signal]),
    onProcess: (pid) => guard.watch({ folder: stackFolder, pid }),
  });
  closing.push(async () => {
    failed.abort();
    await synthesis.catch(() => undefined);
  });
  const [synthesized, secrets] = await Promise.all([synthesis, database.ready]);
  stop.signal.throwIfAborted();
  const stack = await startStack({
    synthesized,
    dataDir: folder.path,
    temporaryFolder,
    secrets: new Map([
      [secretArnOf(database.source.name), secrets.backup],
      ...(secrets.restore
        ? [[restoreSecretArnOf(database.source.name), secrets.restore] as const]
        : []),
    ]),
    postgresRoots: database.postgresRoots,
    port: wanted.port,
    ...(wanted.verbose ? { echo: progress.line } : {}),
    onProblem: (problem) => progress.line(`problem: ${problem}`),
  });
  closing.push(() => stack.stop());
  await noteStack(folder.path, stack);
  closing.push(() => forgetStack(folder.path));
  const { functions, queues, schedules } = stack.model;
  progress.line(
    `The stack runs: ${functions.length} functions, ${queues.length} queues, ${schedules.length} schedules from its own template (after ${secondsText(performance.now() - began)})`,
  );
  progress.line(`API ${stack.apiUrl}, mails ${stack.mailUrl}`);
  return { stack, database, folder, schedule: scheduleToFire(local) };
};

const watchOver = async (
  folder: DataFolder,
  guard: Guard,
  leftover: { folder: string; pid?: number },
): Promise<void> => {
  guard.watch(leftover);
  await folder.note(leftover);
};

const prepareDatabase = (
  { wanted, progress }: Start,
  { verification }: Config,
  folder: DataFolder,
  guard: Guard,
  temporaryFolder: string,
): Promise<PreparedDatabase> => {
  const options = {
    dataDir: folder.path,
    temporaryFolder,
    extensions: verification.extensions,
    onProgress: progress.line,
    onLeftover: (leftover: { folder: string; pid?: number }) => {
      watchOver(folder, guard, leftover).catch((error: Error) => progress.line(error.message));
    },
  };
  const { database: address, restore, schemas } = wanted;
  return address
    ? prepareOwn({ address, ...(restore && { restore }), ...(schemas && { schemas }) }, options)
    : prepareDemo(options);
};

const report = (
  { wanted, began }: Start,
  stack: LocalStack,
  database: PreparedDatabase,
  result: Result,
  folder: DataFolder,
): void => {
  const after = `Done after ${secondsText(performance.now() - began)}.`;
  const steps = nextStepsText({
    stack,
    database,
    dataDir: folder.path,
    backups: result.backups,
    ending: wanted.once,
  });
  const text = `\n${tableText(result, stack.vaultFolder)}\n\n${steps}\n\n${after}\n`;
  if (wanted.json) {
    process.stdout.write(`${jsonText(result)}\n`);
    process.stderr.write(text);
  } else {
    process.stdout.write(text);
  }
};
