import { firstPartBytes } from '../../adapters/s3/parts.ts';
import { CORES, dollars, FUNCTION_MB, KEPT_DAYS, storageDollars, timeDollars } from '../dollars.ts';
import { median, table } from '../numbers.ts';
import { PRICES } from '../prices.ts';
import { figuresOf, type Records } from '../records.ts';
import type { Levels } from './levels.ts';
import type { Memory } from './memory.ts';
import type { Small } from './small.ts';
import type { Throughput } from './throughput.ts';

/**
 * Dollars, from the figures of the other sections and the list prices. Values that a measurement on one machine can't
 * show are assumptions here, and the page lists them.
 */
const ASSUMED = {
  /** Bytes a second that Lambda's network receives from a database in the same region. */
  networkBytesPerSecond: 75e6,
  /** Seconds an export for network round trips to database and services, which take no time on one machine. */
  roundTripSeconds: 0.2,
  /** Rows that `plan` writes for a project: backup, place on the run's list, registry. */
  planWrites: 3,
  /** Units of one write: the row and its two indexes. */
  writeUnits: 3,
  /** Requests of Lambda's poller and of the plan for one message: received, deleted, sent with nine others. */
  queueRequests: 2.1,
  logBytes: 3000,
  /** A backup's row, including its share of the indexes. */
  rowBytes: 2500,
  /** An export stops itself a minute before Lambda would. */
  longestSeconds: 840,
} as const;

interface Figures {
  readonly small: Small;
  readonly throughput: Throughput;
  readonly memory: Memory;
}

const { lambda, s3, dynamodb, sqs, secretsManager, logs, kms } = PRICES;

const lambdaDollars = (seconds: number): number =>
  timeDollars(seconds) + lambda.perMillionRequests / 1e6;

/** Dollars of everything except Lambda's time and storage; `puts` are those of the object, without its manifest. */
const requestDollars = ({ requests }: Small, puts: number): number => {
  const times = (service: string, ...operations: string[]): number =>
    requests
      .filter((one) => one.service === service)
      .filter(({ operation }) => !operations.length || operations.includes(operation))
      .reduce((sum, { count }) => sum + count, 0);
  const reads = times('DynamoDB', 'GetItem', 'Query');
  const writes = times('DynamoDB') - reads + ASSUMED.planWrites;
  const gets = times('S3', 'GetObject', 'HeadObject');
  return (
    ((puts + 1) * s3.perThousandPuts + gets * s3.perThousandGets) / 1000 +
    (writes * ASSUMED.writeUnits * dynamodb.perMillionWrites + reads * dynamodb.perMillionReads) /
      1e6 +
    ((times('SQS') + ASSUMED.queueRequests) * sqs.perMillionFifo) / 1e6 +
    (times('Secrets Manager') * secretsManager.perTenThousandRequests) / 1e4 +
    (ASSUMED.logBytes / 1e9) * logs.perGb
  );
};

/** Seconds in Lambda for work that took this long, and this much CPU, here. */
const inLambda = (seconds: number, cpuSeconds: number, bytes: number): number =>
  Math.max(seconds, cpuSeconds / CORES, bytes / ASSUMED.networkBytesPerSecond) +
  ASSUMED.roundTripSeconds;

/** Requests that store an object: one, or its parts and the two that begin and complete the upload. */
const putsOf = (bytes: number): number => {
  const part = firstPartBytes(bytes);
  return bytes <= part ? 1 : Math.ceil(bytes / part) + 2;
};

const exportOf = (small: Small, seconds: number, stored: number): number =>
  lambdaDollars(seconds) + requestDollars(small, putsOf(stored));

/** Stored bytes for each byte on the server. */
const storedShare = ({ sizes }: Memory): number => {
  const last = sizes.at(-1);
  return last ? last.stored / last.bytes : Number.NaN;
};

const rowsOf = ({ small, throughput, memory }: Figures): string[][] => {
  const smallSeconds = median(small.warm) / 1000 + ASSUMED.roundTripSeconds;
  const smallExport = exportOf(small, smallSeconds, small.dumpBytes);
  const smallStored = small.dumpBytes + small.manifestBytes;
  const nights = 10_000 * KEPT_DAYS;
  const size = (megabytes: number) => memory.sizes.find((one) => one.megabytes === megabytes);
  const { warm, bytes } = throughput;
  const seconds = median(warm.larder.map((one) => one.seconds));
  const cpu = median(warm.larder.map((one) => one.cpuSeconds));
  const gigabyte = inLambda(seconds, cpu, bytes) * (1000 / throughput.megabytes);
  const stored = storedShare(memory) * bytes * (1000 / throughput.megabytes);
  const row = (name: string, lambdaSeconds: number, once: number, month: number): string[] => [
    name,
    `${lambdaSeconds.toFixed(lambdaSeconds < 10 ? 2 : 0)} s`,
    dollars(once),
    dollars(month),
  ];
  const ten = size(10);
  const tenSeconds = ten
    ? inLambda(
        median(ten.runs.map((one) => one.seconds)),
        median(ten.runs.map((one) => one.cpuSeconds)),
        ten.bytes,
      )
    : Number.NaN;
  const fixed = kms.perKeyMonth + secretsManager.perSecretMonth;
  const nightly = (one: number, storedEach: number) =>
    nights * one +
    storageDollars(nights * storedEach) +
    ((nights * ASSUMED.rowBytes) / 1e9) * dynamodb.perGbMonth +
    fixed;
  const month = (name: string, one: number, each: number, storedEach: number): string[] => [
    name,
    `${((nights * each) / 3600).toFixed(0)} h a month`,
    dollars((nights * one) / KEPT_DAYS),
    dollars(nightly(one, storedEach)),
  ];
  return [
    row(
      '1,000 small exports',
      1000 * smallSeconds,
      1000 * smallExport,
      storageDollars(1000 * smallStored),
    ),
    row('one export of 1 GB', gigabyte, exportOf(small, gigabyte, stored), storageDollars(stored)),
    row(
      'one export of 10 GB',
      10 * gigabyte,
      exportOf(small, 10 * gigabyte, 10 * stored),
      storageDollars(10 * stored),
    ),
    month('10,000 small projects, every night', smallExport, smallSeconds, smallStored),
    ...(ten
      ? [
          month(
            '10,000 projects of 10 MB, every night',
            exportOf(small, tenSeconds, ten.stored),
            tenSeconds,
            ten.stored,
          ),
        ]
      : []),
  ];
};

const largest = (
  { throughput: { warm, bytes }, memory }: Figures,
  levels: Levels | undefined,
): string => {
  const seconds = median(warm.larder.map((one) => one.seconds));
  const cpu = median(warm.larder.map((one) => one.cpuSeconds));
  const here = bytes / seconds;
  const byCpu = (bytes / cpu) * CORES;
  const rate = Math.min(here, byCpu, ASSUMED.networkBytesPerSecond);
  const gigabytes = (rate * ASSUMED.longestSeconds) / 1e9;
  const share = storedShare(memory);
  const asText = levels?.levels.find(({ level }) => level === 'none');
  const travelling =
    levels && asText
      ? `, here ${((100 * asText.bytes) / levels.bytes).toFixed(0)} % of it in, and ${(100 * share).toFixed(0)} % out`
      : '';
  const megabytes = (value: number) => `${(value / 1e6).toFixed(0)} MB/s`;
  return `An export that Lambda lets finish has ${ASSUMED.longestSeconds} s. This machine exported ${megabytes(here)}; the CPU that comes with ${FUNCTION_MB} MB would allow ${megabytes(byCpu)}, if a core there is as fast as one here; the network, as assumed, ${megabytes(ASSUMED.networkBytesPerSecond)}. The least of these makes about **${gigabytes.toFixed(0)} GB** of tables and indexes in one schema, ${(gigabytes * share).toFixed(0)} GB stored, if the database gives them as fast. What travels is another number than what lies on the server: rows come as text, without indexes, and the dump leaves by the same network${travelling}. \`export.maximumStoredBytes\` is 10 GiB by default and has to be raised for that. What is larger needs a machine without Lambda’s limit of 15 minutes.`;
};

export const costLines = (records: Records): readonly string[] => {
  const found: Partial<Figures> = {
    ...keep('small', figuresOf<Small>(records, 'small')),
    ...keep('throughput', figuresOf<Throughput>(records, 'throughput')),
    ...keep('memory', figuresOf<Memory>(records, 'memory')),
  };
  const { small, throughput, memory } = found;
  if (!small || !throughput || !memory) {
    return [
      '## Cost',
      '',
      'Follows from `small`, `throughput` and `memory`, which are not all measured.',
      '',
    ];
  }
  const figures = { small, throughput, memory };
  return [
    '## Cost',
    '',
    `From the figures above and list prices of ${PRICES.region} (arm64) as of ${PRICES.date}, in \`bench/prices.ts\`; no free tier, no discount, no network of yours (a NAT gateway or interface endpoints cost by the hour, whatever Larder does).`,
    '',
    ...table(['', 'Lambda', 'dollars', 'storage of it, a month'], rowsOf(figures).slice(0, 3)),
    ...table(
      [
        `a month of ${KEPT_DAYS} days, each backup kept as long`,
        'Lambda',
        'dollars a night',
        'dollars a month, with storage',
      ],
      rowsOf(figures).slice(3),
    ),
    `Assumed: ${FUNCTION_MB} MB for the function, as it is by default (${CORES.toFixed(2)} cores); a core there as fast as one here; ${ASSUMED.roundTripSeconds} s of round trips an export; ${ASSUMED.networkBytesPerSecond / 1e6} MB/s from the database; ${ASSUMED.planWrites} rows a project that \`plan\` writes, and ${ASSUMED.writeUnits} units a write with its indexes. 10 GB takes ten times what 1 GB takes. A month is one in which as many backups are removed as are made. Left out, for it is little beside the rest: the seconds of \`plan\`, \`notify\` and \`sweep\`. Left out, for it is another function’s: verifications, of which each project has one a week by default.`,
    '',
    `**The largest schema.** ${largest(figures, figuresOf<Levels>(records, 'levels'))}`,
    '',
  ];
};

const keep = <K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> =>
  (value === undefined ? {} : { [name]: value }) as Partial<Record<K, V>>;
