import type { Contender, Memory, Throughput } from './bench.ts';

const MIB = 1024 ** 2;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

const spread = (values: readonly number[]): string =>
  `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;

const NAMES: Record<Contender, string> = {
  'plain-gzip-file': '1. plain to a file through `gzip -6`, then upload',
  'custom-default': '2. `pg_dump -Fc`, piped to an upload',
  'custom-zstd-1': '3. the same with `zstd:1`: the floor',
  larder: '4. Larder’s export worker',
};

/** Markdown lines. */
export const throughputTable = ({ bytes, results }: Throughput): string[] => {
  const seconds = (contender: Contender) => median(results[contender].map((one) => one.seconds));
  const cpu = (contender: Contender) => median(results[contender].map((one) => one.cpuSeconds));
  const ratio = (of: number, to: number) => (of / to).toFixed(2);
  const rows = (Object.keys(NAMES) as Contender[]).map((contender) => {
    const all = results[contender];
    return `| ${NAMES[contender]} | ${seconds(contender).toFixed(2)} s (${spread(all.map((one) => one.seconds))}) | ${cpu(contender).toFixed(2)} s | ${(median(all.map((one) => one.peakMemory)) / MIB).toFixed(0)} MiB | ${(median(all.map((one) => one.writtenToDisk)) / MIB).toFixed(0)} MiB |`;
  });
  return [
    `## One schema of ${(bytes / MIB).toFixed(0)} MiB on the server, ${results.larder.length} rounds`,
    '',
    '| contender | wall clock, median (spread) | client CPU | peak memory, with children | written to disk |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `Larder takes ${ratio(seconds('larder'), seconds('plain-gzip-file'))} of the time of 1, ${ratio(seconds('larder'), seconds('custom-default'))} of 2 and ${ratio(seconds('larder'), seconds('custom-zstd-1'))} of 3, and ${ratio(cpu('larder'), cpu('custom-zstd-1'))} of the CPU of 3, counting every row besides.`,
    '',
  ];
};

/** Markdown lines. */
export const memoryTable = (memory: readonly Memory[]): string[] => [
  '## Memory of the export worker',
  '',
  'Resident memory of the worker and its children together, pages that they share counted in each.',
  '',
  '| data on the server | peak memory | written to disk |',
  '| --- | --- | --- |',
  ...memory.map(
    ({ bytes, measured }) =>
      `| ${(bytes / MIB).toFixed(0)} MiB | ${(measured.peakMemory / MIB).toFixed(0)} MiB | ${(measured.writtenToDisk / MIB).toFixed(0)} MiB |`,
  ),
  '',
];
