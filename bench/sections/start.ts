import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { measure } from '../measure.ts';
import { type Modules, packageOf, readModules, sourcesOf } from '../modules.ts';
import { median, mib, milliseconds, spread, table } from '../numbers.ts';
import type { Section } from '../section.ts';
import { atMost } from '../targets.ts';

const STARTS = 10;
/** Milliseconds from a cold process to the handler's first line. */
const WANTED: Readonly<Record<string, number>> = { export: 250, api: 300 };
/** The function whose imports are listed. */
const LISTED = ['export', 'api'] as const;
/** A handler that does nothing: Node's own time before any line of a bundle. */
const NOTHING = '(an empty function)';
const PACKAGES_LISTED = 12;

interface Start {
  readonly role: string;
  /** Absent in records of bundles that had one module. */
  readonly modules?: number;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly milliseconds: readonly number[];
  readonly cpuSeconds: readonly number[];
  /** Resident memory after loading, the median. */
  readonly memory: number;
}

interface Imports {
  readonly role: string;
  /** By package, the largest first. */
  readonly packages: readonly { readonly name: string; readonly bytes: number }[];
}

export interface Starts {
  readonly functions: readonly Start[];
  readonly imports: readonly Imports[];
}

const importsOf = (role: string, modules: Modules): Imports => {
  const bytes = new Map<string, number>();
  for (const code of modules.values()) {
    const lines = code.split('\n');
    sourcesOf(code).forEach((file, line) => {
      // Lines before the first source are imports of other modules of the bundle.
      if (file === undefined) return;
      const name = packageOf(file) ?? 'Larder';
      const size = Buffer.byteLength(lines[line] ?? '') + 1;
      bytes.set(name, (bytes.get(name) ?? 0) + size);
    });
  }
  const packages = [...bytes].map(([name, size]) => ({ name, bytes: size }));
  return { role, packages: packages.sort((a, b) => b.bytes - a.bytes) };
};

export const start: Section<Starts> = {
  name: 'start',
  measure: async ({ stage: opened, say }) => {
    const stage = await opened();
    const nothing = path.join(stage.folder, 'nothing', 'index.mjs');
    mkdirSync(path.dirname(nothing));
    writeFileSync(nothing, 'export const handler = async () => undefined;\n');
    const started = [
      {
        role: NOTHING,
        bundle: nothing,
        flags: stage.nodeFlagsOf('export'),
        environment: stage.environment('export'),
      },
      ...stage.functions.map(({ role, codeFolder }) => ({
        role,
        bundle: path.join(codeFolder, 'index.mjs'),
        flags: stage.nodeFlagsOf(role),
        environment: stage.environment(role),
      })),
    ];
    const runs = new Map(
      started.map((one) => [
        one,
        { milliseconds: [] as number[], cpu: [] as number[], memory: [] as number[] },
      ]),
    );
    for (let round = 0; round <= STARTS; round += 1) {
      for (const [one, all] of runs) {
        const begun = performance.timeOrigin + performance.now();
        const measured = await measure<{ at: number; rss: number }>({
          script: stage.contenders.starter,
          flags: one.flags,
          task: { bundle: one.bundle },
          environment: one.environment,
        });
        // The first start of each reads its files from the disk.
        if (round === 0) continue;
        all.milliseconds.push(measured.result.at - begun);
        all.cpu.push(measured.cpuSeconds);
        all.memory.push(measured.result.rss);
      }
      say(`starts, round ${round} of ${STARTS}`);
    }
    return {
      functions: [...runs].map(([one, all]) => {
        const modules = [...readModules(path.dirname(one.bundle)).values()];
        return {
          role: one.role,
          modules: modules.length,
          bytes: sumOf(modules, Buffer.byteLength),
          gzipBytes: sumOf(modules, (code) => gzipSync(code).length),
          milliseconds: all.milliseconds,
          cpuSeconds: all.cpu,
          memory: median(all.memory),
        };
      }),
      imports: LISTED.map((role) =>
        importsOf(role, readModules(path.dirname(stage.bundleOf(role)))),
      ),
    };
  },
  targets: ({ functions }) =>
    Object.entries(WANTED).map(([role, limit]) => {
      const found = functions.find((one) => one.role === role);
      return atMost(
        `start of ${role}`,
        limit,
        found ? median(found.milliseconds) : Number.NaN,
        milliseconds,
      );
    }),
  lines: ({ functions, imports }) => [
    '## Start',
    '',
    `From a process that does not exist yet to the first line of its handler, the deployed bundle with its deployed variables: median of ${STARTS} cold starts in turn after a warm-up, with the shortest and the longest. Node itself takes its part of that before any line of ours. Lambda adds what it takes to get the bundle and a place to run it.`,
    '',
    ...table(
      ['function', 'modules', 'bundle', 'compressed', 'start', 'CPU', 'memory once loaded'],
      functions.map((one) => {
        return [
          one.role,
          String(one.modules ?? 1),
          kib(one.bytes),
          kib(one.gzipBytes),
          spread(one.milliseconds, milliseconds),
          milliseconds(1000 * median(one.cpuSeconds)),
          mib(one.memory),
        ];
      }),
    ),
    'What is in the bundles, by package:',
    '',
    ...table(
      ['', ...imports.map(({ role }) => role)],
      Array.from({ length: PACKAGES_LISTED }, (_, place) => [
        String(place + 1),
        ...imports.map(({ packages }) => {
          const one = packages[place];
          return one ? `${one.name} ${kib(one.bytes)}` : '';
        }),
      ]),
    ),
  ],
};

const sumOf = (modules: readonly string[], of: (code: string) => number): number =>
  modules.reduce((sum, code) => sum + of(code), 0);

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
