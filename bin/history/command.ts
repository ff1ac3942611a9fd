import { quoted } from '../../core/errors/base.ts';
import { makeProgress } from '../progress.ts';
import { EXIT } from '../usage.ts';
import { countText } from '../words.ts';
import { type HistoryArguments, readHistoryArguments } from './arguments.ts';
import { compareHistory } from './compare.ts';
import { compareJson, compareText } from './compare-report.ts';
import type { Comparison } from './findings.ts';
import { COMPARE_HELP, REBUILD_HELP } from './help.ts';
import { openPlace, portsOf } from './place.ts';
import type { HistoryPorts, Seen } from './ports.ts';
import { rebuildHistory } from './rebuild.ts';
import { rebuildJson, rebuildText } from './rebuild-report.ts';
import type { Names } from './report.ts';

/** The commands `history compare` and `history rebuild`: from the command line to the report. */
const PATIENCE_MS = 5_000;

/** Prints on standard output and returns the exit status. */
type Work = (ports: HistoryPorts, wanted: HistoryArguments, names: Names) => Promise<number>;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const isEmpty = ({ vault, history, findings }: Comparison): boolean =>
  vault.projects + history.projects + findings.length === 0;

const compare: Work = async (ports, wanted, names) => {
  const { scope, checksums, json } = wanted;
  const comparison = await compareHistory(ports, scope, { checksums, patienceMs: PATIENCE_MS });
  // An empty result has no differences, but a mistyped id must not look like a healthy one.
  if (scope.projectId !== undefined && isEmpty(comparison)) {
    throw new Error(
      `Neither the vault nor the history has anything of project ${quoted(scope.projectId)}. Check the id.`,
    );
  }
  print(json ? compareJson(names, comparison) : compareText(names, comparison));
  return comparison.findings.length ? EXIT.differences : EXIT.fine;
};

const rebuild: Work = async (ports, wanted, names) => {
  const rebuilt = await rebuildHistory(ports, wanted.scope, wanted);
  const { json, dryRun } = wanted;
  print(json ? rebuildJson(names, rebuilt, dryRun) : rebuildText(names, rebuilt, dryRun));
  // Expired backups are left out on purpose.
  return rebuilt.omitted.some(({ kind }) => kind !== 'expired') ? EXIT.differences : EXIT.fine;
};

const COMMANDS = {
  compare: { work: compare, help: COMPARE_HELP },
  rebuild: { work: rebuild, help: REBUILD_HELP },
} as const;
export type HistoryCommand = keyof typeof COMMANDS;

/** @throws BadUsage, and errors of opening history and vault */
export const runHistory = async (
  command: HistoryCommand,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<number> => {
  const wanted = readHistoryArguments(command, argv);
  const { work, help } = COMMANDS[command];
  if (!wanted) {
    process.stdout.write(help);
    return EXIT.fine;
  }
  const progress = makeProgress(process.stderr, () => performance.now());
  const show = ({ projects, backups }: Seen): void =>
    progress.show(`${countText(projects)} projects, ${countText(backups)} backups`);
  const place = await openPlace(wanted.where);
  try {
    const { table, bucket } = place;
    const { projectId } = wanted.scope;
    const names = { table, bucket, ...(projectId === undefined ? {} : { projectId }) };
    return await work(portsOf(place, { progress: show, signal }), wanted, names);
  } finally {
    progress.settle();
    await place.close();
  }
};
