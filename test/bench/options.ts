import path from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Megabytes (10^6 bytes) of the schema whose throughput is measured. */
  readonly megabytes: number;
  readonly rounds: number;
  /** Names of sections; undefined means all. */
  readonly only: readonly string[] | undefined;
  readonly long: boolean;
  /** Schemas in one database, for the curve over many projects; ascending. */
  readonly schemas: readonly number[];
  readonly everyProject: boolean;
  readonly json: boolean;
  /** Gets benchmarks.json and benchmarks.md. */
  readonly folder: string;
}

const HELP = `npm run bench -- [options]
  --only LIST      sections, separated by commas (all); the others keep the figures they have
  --size MB        data of the schema whose throughput is measured (1000)
  --rounds N       rounds of the throughput after a warm-up (7)
  --long           memory with 10 GB as well
  --schemas LIST   points of the curve over many projects (10,100,500,1500)
  --every-project  the curve over many projects exports each of them, not a sample
  --folder PATH    where benchmarks.json and benchmarks.md are kept (docs)
  --json           all figures on standard output, instead of the page
`;

const whole = (name: string, text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(`--${name} takes a whole number, not ${text}`);
};

/** Undefined where only help was wanted. @throws Error for what is not understood */
export const readOptions = (
  argv: readonly string[],
  sections: readonly string[],
): Options | undefined => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' },
      size: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '7' },
      long: { type: 'boolean', default: false },
      schemas: { type: 'string', default: '10,100,500,1500' },
      'every-project': { type: 'boolean', default: false },
      folder: { type: 'string', default: path.resolve(import.meta.dirname, '../../docs') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${HELP}\nSections: ${sections.join(', ')}\n`);
    return undefined;
  }
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !sections.includes(name)) ?? [];
  if (unknown.length) {
    throw new Error(`There is no section ${unknown.join(', ')}: there are ${sections.join(', ')}`);
  }
  return {
    megabytes: whole('size', values.size),
    rounds: whole('rounds', values.rounds),
    only,
    long: values.long,
    schemas: values.schemas
      .split(',')
      .map((count) => whole('schemas', count))
      .sort((a, b) => a - b),
    everyProject: values['every-project'],
    json: values.json,
    folder: path.resolve(values.folder),
  };
};
