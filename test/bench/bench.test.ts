import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeHost } from '../../bench/machine.ts';
import { median } from '../../bench/numbers.ts';
import { readOptions, UsageError } from '../../bench/options.ts';
import { pageOf, writePage } from '../../bench/page.ts';
import { readRecords, record } from '../../bench/records.ts';
import { SECTIONS } from '../../bench/sections/all.ts';
import { readProfile } from '../../bench/sections/cpu-profile.ts';
import { atMost } from '../../bench/targets.ts';

/** How the benchmark presents its figures; `npm run bench` measures them. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'larder-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const measured = (seconds: number) => ({
  seconds,
  cpuSeconds: seconds / 2,
  childrenCpuSeconds: seconds / 4,
  peakMemory: 100 * 1024 ** 2,
  peakOfChildren: 13 * 1024 ** 2,
  writtenToDisk: 0,
});
const size = (megabytes: number) => ({
  megabytes,
  bytes: megabytes * 1e6,
  stored: megabytes * 3e5,
  runs: [measured(megabytes / 100)],
});
const memory = { sizes: [size(10), size(100), size(1000)], wide: size(300) };
const plan = { runs: [2, 1, 3].map((took) => ({ ...measured(took), handlerSeconds: took })) };
const at = (version: string) => ({ ...describeHost(version), at: `2026-11-2${version}T10:00:00Z` });

describe('figures', () => {
  it('of one section replace its earlier ones, and no others', () => {
    record(folder, 'memory', { machine: at('1'), figures: memory });
    record(folder, 'plan', { machine: at('1'), form: 2, figures: plan });
    record(folder, 'memory', { machine: at('2'), figures: memory });
    const records = readRecords(folder);
    expect(records.memory?.machine.at).toBe('2026-11-22T10:00:00Z');
    expect(records.plan?.machine.at).toBe('2026-11-21T10:00:00Z');
    writePage(folder, records);
    const page = readFileSync(path.join(folder, 'benchmarks.md'), 'utf8');
    expect(page).toBe(pageOf(records));
    expect(page).toContain('2026-11-22 10:00 UTC');
    expect(page).toContain('2026-11-21 10:00 UTC');
    expect(page).toContain('| 1000 MB |');
    expect(page).not.toMatch(/NaN|undefined/);
  });

  it('in docs give the page in docs', () => {
    const docs = path.join(import.meta.dirname, '..', '..', 'docs');
    const page = readFileSync(path.join(docs, 'benchmarks.md'), 'utf8');
    expect(pageOf(readRecords(docs))).toBe(page);
  });

  it('of many runs are shown as their median, with their spread and the target', () => {
    const page = pageOf({ plan: { machine: at('1'), form: 2, figures: plan } });
    expect(page).toContain('3 rounds after a warm-up');
    expect(page).toContain('| `plan` | 2.00 s (1.00 s – 3.00 s) | 1.00 s (0.50 s – 1.50 s) |');
    expect(page).toContain(
      '| time of `plan` for 10,000 projects | at most 60.0 s | 2.00 s | met |',
    );
  });

  it('of memory show the run that needed most, beside the target', () => {
    const runs = [150, 100, 130].map((mb) => ({ ...measured(1), peakMemory: mb * 1e6 }));
    const sizes = [size(10), { ...size(100), runs }, { ...size(1000), runs }];
    const page = pageOf({
      memory: { machine: at('1'), figures: { sizes, wide: { ...size(300), runs } } },
    });
    expect(page).toMatch(/\| 1000 MB \| 3 \|.*\| 124 MiB \| 143 MiB \|/);
    expect(page).toMatch(/peak memory of the export worker.*\| 150 MB \| met/);
  });

  it('of many projects separate the time before and after pg_dump, and show the time of all projects', () => {
    const point = {
      schemas: 100,
      sampled: 2,
      dumpSeconds: [1, 2],
      dumpMemory: 20 * 1024 ** 2,
      exportSeconds: [3, 5],
      exportDumpSeconds: [2.5, 4.3],
      runSeconds: 6,
    };
    const page = pageOf({
      curve: { machine: at('1'), figures: { atOnce: 3, points: [point] } },
    });
    expect(page).toContain(
      '| 100 | 2 | 1.50 s (1.00 s – 2.00 s) | 20 MiB | 4.00 s (3.00 s – 5.00 s) | 0.60 s | 2.50 s | 3.00 s | 5.0 min |',
    );
  });

  it('of a form that is no longer measured are left out, and the page says so', () => {
    const old = { machine: at('1'), figures: { measured: measured(1), seconds: 1 } };
    const page = pageOf({ plan: old, memory: { machine: at('1'), figures: memory } });
    expect(page).toContain('measured it otherwise: plan (`npm run bench -- --only plan`');
    expect(page).not.toContain('## Planning');
    expect(page).toContain('| 1000 MB |');
  });

  it('of levels name the cheapest one, whichever is the default', () => {
    const level = (name: string, seconds: number, bytes: number) => ({
      level: name,
      seconds: [seconds],
      cpuSeconds: [seconds],
      bytes,
    });
    const of = (...all: ReturnType<typeof level>[]) =>
      pageOf({
        levels: {
          machine: at('1'),
          figures: { architecture: 'x64', bytes: 250e6, levels: all, parts: [] },
        },
      });
    // 2 GB for a second are 0.0000266668 dollars, a GB for a month is 0.023.
    expect(of(level('zstd:1', 1, 73e6), level('zstd:6', 4, 65e6))).toContain(
      '`zstd:6` costs 0.94 times as much, and takes 4.00 times as long',
    );
    expect(of(level('zstd:1', 1, 73e6), level('zstd:6', 9, 72e6))).toContain('also costs least');
  });

  it('that are incomplete give a page without the conclusions from them', () => {
    expect(pageOf({})).toContain('which are not all measured');
  });

  it('beyond a target are reported as missing it', () => {
    expect(atMost('time', 1.2, 1.3, String)).toEqual({
      what: 'time',
      wanted: 'at most 1.2',
      measured: '1.3',
      missed: true,
    });
    expect(atMost('time', 1.2, 1.2, String).missed).toBe(false);
    expect(atMost('time', 1.2, Number.NaN, String).missed).toBe(true);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

describe('options', () => {
  const names = SECTIONS.map(({ name }) => name);
  it('name existing sections, and numbers', () => {
    expect(readOptions(['--only', 'memory,plan', '--size', '50'], names)).toMatchObject({
      only: ['memory', 'plan'],
      megabytes: 50,
      rounds: 7,
    });
    expect(readOptions(['--schemas', '30,5,30'], names)?.schemas).toEqual([5, 30]);
  });

  it.each([
    [['--only', 'speed'], 'There is no section “speed”'],
    [['--only', ''], 'There is no section “”'],
    [['--rounds', 'many'], '--rounds takes a whole number'],
    [['--size', '0'], '--size takes a whole number from 1'],
    [['--size', '1e3'], '--size takes a whole number'],
    [['--schemas', '10,'], '--schemas takes a whole number from 1 to 999999, not nothing'],
    [['--folder', '/nowhere/at/all'], 'there is no folder /nowhere/at/all'],
    [['--fast'], '--fast'],
  ])('%j are refused before anything is measured', (argv, message) => {
    const reading = () => readOptions(argv, names);
    expect(reading).toThrow(UsageError);
    expect(reading).toThrow(message);
  });

  it('write into the docs only the sections that the docs contain', () => {
    const folderOf = (...argv: string[]) => readOptions(argv, names)?.folder;
    const docs = path.resolve(import.meta.dirname, '../../docs');
    expect(folderOf()).toBe(docs);
    expect(folderOf('--only', 'memory', '--long', '--rounds', '9')).toBe(docs);
    expect(folderOf('--size', '20')).toBeUndefined();
    expect(folderOf('--rounds', '6')).toBeUndefined();
    expect(folderOf('--schemas', '10')).toBeUndefined();
    expect(folderOf('--size', '20', '--folder', folder)).toBe(folder);
  });
});

describe('a CPU profile', () => {
  const frame = (functionName: string, url = '', lineNumber = 0) => ({
    functionName,
    url,
    lineNumber,
  });
  const modules = new Map([
    ['index.mjs', ['// adapters/s3/parts.ts', 'gather();'].join('\n')],
    ['shared-A.mjs', ['// node_modules/@smithy/core/index.js', 'sign();'].join('\n')],
  ]);

  it('is summed by kind of work, without idle time', () => {
    const file = 'file:///bundle/index.mjs';
    const nodes = [
      { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 5, 6] },
      { id: 2, callFrame: frame('(idle)') },
      { id: 3, callFrame: frame('(garbage collector)') },
      { id: 4, callFrame: frame('sign', 'file:///bundle/shared-A.mjs', 1) },
      { id: 5, callFrame: frame('gather', file, 1), children: [7] },
      { id: 6, callFrame: frame('run', 'node:internal/modules/esm/module_job'), children: [8] },
      { id: 7, callFrame: frame('update', 'node:internal/crypto/hash') },
      { id: 8, callFrame: frame('', file, 1) },
    ];
    const { kinds } = readProfile(
      {
        nodes,
        samples: [2, 3, 4, 5, 7, 8],
        timeDeltas: [9000, 1000, 2000, 3000, 4000, 5000],
      },
      modules,
    );
    expect(kinds).toEqual([
      { name: 'loading the bundle', milliseconds: 5 },
      { name: 'SHA-256 of the object', milliseconds: 4 },
      { name: 'Larder’s own code', milliseconds: 3 },
      { name: 'AWS SDK', milliseconds: 2 },
      { name: 'garbage collection', milliseconds: 1 },
    ]);
  });
});
