import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Megabytes (10^6 bytes) of the schema whose throughput is measured; other sections use fractions and multiples of it. */
  readonly megabytes: number;
  /** Runs of each contender after a warm-up, in turn. */
  readonly rounds: number;
  /** Names of sections; undefined means all. */
  readonly only: readonly string[] | undefined;
  readonly long: boolean;
  /** Numbers of schemas in one database, for the curve over many projects; ascending, without duplicates. */
  readonly schemas: readonly number[];
  readonly everyProject: boolean;
  readonly json: boolean;
  /** Receives benchmarks.json and benchmarks.md. Undefined if nothing is saved. */
  readonly folder: string | undefined;
}

const DOCS = path.resolve(import.meta.dirname, '../docs');
const DEFAULTS = { size: '1000', rounds: '7', schemas: '10,100,500,1500' } as const;

const HELP = `npm run bench -- [options]
  --only LIST      sections, separated by commas (all); the others keep the figures they have
  --size MB        data of the schema whose throughput is measured (${DEFAULTS.size}); compression takes a quarter of it,
                   memory a hundredth, a tenth and all of it
  --rounds N       runs of each contender after a warm-up (${DEFAULTS.rounds}); starts have ten
  --long           memory with ten times the size as well
  --schemas LIST   points of the curve over many projects (${DEFAULTS.schemas})
  --every-project  the curve over many projects exports each of them, not a sample
  --folder PATH    where benchmarks.json and benchmarks.md are kept: docs, for a run of the size above and no fewer rounds;
                   nowhere, for any other
  --json           all figures on standard output, instead of the page (npm run --silent bench -- --json)
`;

/** The arguments are invalid; the message explains it completely. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const whole = (name: string, text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} takes a whole number from 1 to 999999, not ${text || 'nothing'}`);
};

const parse = (argv: readonly string[]) => {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        size: { type: 'string', default: DEFAULTS.size },
        rounds: { type: 'string', default: DEFAULTS.rounds },
        long: { type: 'boolean', default: false },
        schemas: { type: 'string', default: DEFAULTS.schemas },
        'every-project': { type: 'boolean', default: false },
        folder: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const sectionsOf = (list: string, sections: readonly string[]): readonly string[] => {
  const only = list.split(',').map((name) => name.trim());
  const unknown = only.filter((name) => !sections.includes(name));
  if (!unknown.length) return only;
  throw new UsageError(
    `There is no section ${unknown.map((name) => `“${name}”`).join(', ')}: there are ${sections.join(', ')}`,
  );
};

/** The docs contain only figures of full size, so a trial run of the benchmark does not write into them. */
const folderOf = (folder: string | undefined, isWhole: boolean): string | undefined => {
  if (folder === undefined) return isWhole ? DOCS : undefined;
  const found = path.resolve(folder);
  // Checked now, and not only when the first figures exist.
  if (!existsSync(found)) throw new UsageError(`--folder: there is no folder ${found}`);
  return found;
};

/** Undefined if only help was requested. @throws UsageError for invalid arguments */
export const readOptions = (
  argv: readonly string[],
  sections: readonly string[],
): Options | undefined => {
  const values = parse(argv);
  if (values.help) {
    process.stdout.write(`${HELP}\nSections: ${sections.join(', ')}\n`);
    return undefined;
  }
  const megabytes = whole('size', values.size);
  const rounds = whole('rounds', values.rounds);
  const counts = values.schemas.split(',').map((count) => whole('schemas', count));
  const schemas = [...new Set(counts)].sort((a, b) => a - b);
  const isWhole =
    megabytes === Number(DEFAULTS.size) &&
    rounds >= Number(DEFAULTS.rounds) &&
    schemas.join() === DEFAULTS.schemas;
  return {
    megabytes,
    rounds,
    only: values.only === undefined ? undefined : sectionsOf(values.only, sections),
    long: values.long,
    schemas,
    everyProject: values['every-project'],
    json: values.json,
    folder: folderOf(values.folder, isWhole),
  };
};
