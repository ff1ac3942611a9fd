import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { millis } from '../../core/backup.ts';
import type { Manifest } from '../../core/manifest.ts';
import { readModules } from '../modules.ts';
import { mib, milliseconds, seconds, table } from '../numbers.ts';
import type { Section } from '../section.ts';
import { runExport } from './contenders.ts';
import { type Profile, readProfile, type Share } from './cpu-profile.ts';
import { manifestOf } from './manifests.ts';

const FUNCTIONS_LISTED = 15;

export interface Profiled {
  readonly bytes: number;
  /** Of the whole process, with children. */
  readonly cpuSeconds: number;
  readonly childrenCpuSeconds: number;
  readonly seconds: number;
  readonly kinds: readonly Share[];
  readonly functions: readonly Share[];
  /** The phases of an export and their times, in order. */
  readonly phases: readonly Share[];
}

const phasesOf = ({ backup, timings }: Manifest): Share[] => {
  const snapshot = millis(timings.snapshotAt) - millis(backup.startedAt);
  return [
    { name: 'until the snapshot: project, sessions, locks', milliseconds: snapshot },
    {
      name: 'reading the inventory, and storing the manifest at the end',
      milliseconds: timings.totalMs - snapshot - timings.dumpMs,
    },
    { name: '`pg_dump` and the upload', milliseconds: timings.dumpMs },
    { name: 'counting the rows, beside it', milliseconds: timings.countMs },
  ];
};

export const profile: Section<Profiled> = {
  name: 'profile',
  measure: async ({ stage: opened, options }) => {
    const stage = await opened();
    const { schema, bytes } = await stage.data.mixed(options.megabytes);
    const bundle = stage.bundleOf('export');
    const folder = path.join(stage.folder, 'profile');
    mkdirSync(folder);
    const run = await runExport({
      stage,
      bundle,
      schemas: [schema],
      flags: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
    });
    const [file = ''] = readdirSync(folder);
    const read = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Profile;
    rmSync(folder, { recursive: true });
    const { kinds, functions } = readProfile(read, readModules(path.dirname(bundle)));
    return {
      bytes,
      cpuSeconds: run.cpuSeconds,
      childrenCpuSeconds: run.childrenCpuSeconds,
      seconds: run.seconds,
      kinds,
      functions: functions.slice(0, FUNCTIONS_LISTED),
      phases: phasesOf(manifestOf(stage, run.backups[0]?.fileId ?? '')),
    };
  },
  lines: ({ bytes, cpuSeconds, childrenCpuSeconds, seconds: took, kinds, functions, phases }) => {
    const sum = kinds.reduce((total, one) => total + one.milliseconds, 0);
    const row = ({ name, milliseconds: time }: Share): string[] => [
      name,
      milliseconds(time),
      `${((100 * time) / sum).toFixed(0)} %`,
    ];
    return [
      '## Where the export worker’s time goes',
      '',
      `One export of ${mib(bytes)} in ${seconds(took)}, with V8’s profiler on: ${seconds(cpuSeconds)} of CPU, of which \`pg_dump\` took ${seconds(childrenCpuSeconds)}. What the worker’s own thread did, without the time it waited:`,
      '',
      ...table(['kind of work', 'time', 'share'], kinds.map(row)),
      ...table(['function, where', 'time', 'share'], functions.map(row)),
      'One after another:',
      '',
      ...table(
        ['phase', 'time'],
        phases.map(({ name, milliseconds: time }) => [name, milliseconds(time)]),
      ),
    ];
  },
};
