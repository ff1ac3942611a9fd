import path from 'node:path';
import { parseArgs } from 'node:util';
import { ENV, STACK_NAME, VAULT } from '../../core/contract.ts';
import { templateProblems } from '../../core/keys.ts';
import { idProblem } from '../../core/project.ts';
import { DATA_FOLDER } from '../../local/start/endpoints.ts';
import { BadUsage } from '../usage.ts';
import type { Scope } from './ports.ts';

/** Where history and vault are. */
export type Where =
  | {
      readonly kind: 'aws';
      readonly table: string;
      readonly bucket: string;
      /** Ids or ARNs of the keys of the manifests' signatures. */
      readonly keys?: readonly string[];
    }
  /** The name of a deployed stack, whose outputs name the rest; explicit names have precedence. */
  | {
      readonly kind: 'stack';
      readonly stack: string;
      readonly table?: string;
      readonly bucket?: string;
      readonly keys?: readonly string[];
    }
  /** The data folder of `npm start`, absolute; the names only if there are several. */
  | {
      readonly kind: 'local';
      readonly folder: string;
      readonly table?: string;
      readonly bucket?: string;
    };

export interface HistoryArguments {
  readonly where: Where;
  readonly scope: Scope;
  readonly json: boolean;
  readonly checksums: boolean;
  readonly dryRun: boolean;
  readonly includeExpired: boolean;
  readonly acceptUnsigned: boolean;
}

/** `--local` without a value means the folder of `npm start`; parseArgs has no options with an optional value. */
const withFolder = (argv: readonly string[]): string[] =>
  argv.map((argument, index) => {
    const next = argv[index + 1];
    const isAlone = argument === '--local' && (next === undefined || next.startsWith('-'));
    return isAlone ? `--local=${DATA_FOLDER}` : argument;
  });

const COMMON = {
  stack: { type: 'string' },
  table: { type: 'string' },
  bucket: { type: 'string' },
  local: { type: 'string' },
  project: { type: 'string' },
  'key-template': { type: 'string', multiple: true },
  'manifest-key': { type: 'string', multiple: true },
  checksums: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const OF_REBUILD = {
  'dry-run': { type: 'boolean', default: false },
  'include-expired': { type: 'boolean', default: false },
  'accept-unsigned': { type: 'boolean', default: false },
} as const;

interface Values {
  readonly stack?: string;
  readonly table?: string;
  readonly bucket?: string;
  readonly local?: string;
  readonly project?: string;
  readonly 'key-template'?: readonly string[];
  readonly 'manifest-key'?: readonly string[];
  readonly checksums?: boolean;
  readonly json?: boolean;
  readonly help?: boolean;
  readonly 'dry-run'?: boolean;
  readonly 'include-expired'?: boolean;
  readonly 'accept-unsigned'?: boolean;
}

const parsed = (command: 'compare' | 'rebuild', argv: readonly string[]): Values => {
  const options = command === 'rebuild' ? { ...COMMON, ...OF_REBUILD } : COMMON;
  try {
    return parseArgs({ args: withFolder(argv), options }).values;
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
};

const keysOf = (
  values: Values,
  environment: NodeJS.ProcessEnv,
): { readonly keys?: readonly string[] } => {
  const keys = values['manifest-key'] ?? environment[ENV.manifestKeys]?.split(',');
  return keys ? { keys } : {};
};

const whereOf = (values: Values, environment: NodeJS.ProcessEnv): Where => {
  const names = {
    ...(values.table ? { table: values.table } : {}),
    ...(values.bucket ? { bucket: values.bucket } : {}),
  };
  if (values.local !== undefined) {
    if (values.local === '') throw new BadUsage('--local: give the name of a folder, or none');
    if (values.stack !== undefined) throw new BadUsage('Give --local or --stack, not both');
    return { kind: 'local', folder: path.resolve(values.local), ...names };
  }
  if (values.stack !== undefined) {
    if (values.stack === '') throw new BadUsage('--stack: give the name of the stack');
    return { kind: 'stack', stack: values.stack, ...names, ...keysOf(values, environment) };
  }
  const table = values.table ?? environment[ENV.historyTable];
  const bucket = values.bucket ?? environment[ENV.vaultBucket];
  if (table && bucket) return { kind: 'aws', table, bucket, ...keysOf(values, environment) };
  if (!table && !bucket)
    return { kind: 'stack', stack: STACK_NAME, ...keysOf(values, environment) };
  const missing = [
    ...(table ? [] : [`--table (or ${ENV.historyTable}), the stack's output HistoryTable`]),
    ...(bucket ? [] : [`--bucket (or ${ENV.vaultBucket}), the stack's output VaultBucket`]),
  ];
  throw new BadUsage(
    `Give the places of history and vault: ${missing.join('; ')}. Or --stack, the name of the stack, alone. Or --local`,
  );
};

const scopeOf = (values: Values, environment: NodeJS.ProcessEnv): Scope => {
  const templates = values['key-template'] ?? [
    environment[ENV.keyTemplate] ?? VAULT.defaultKeyTemplate,
  ];
  for (const template of templates) {
    const [problem] = templateProblems(template);
    if (problem) throw new BadUsage(`--key-template ${template}: it ${problem}`);
  }
  if (values.project === undefined) return { templates };
  const problem = idProblem(values.project);
  if (problem) throw new BadUsage(`--project: no project can have it, ${problem}`);
  return { templates, projectId: values.project };
};

/** @throws BadUsage; undefined if help was requested */
export const readHistoryArguments = (
  command: 'compare' | 'rebuild',
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): HistoryArguments | undefined => {
  const values = parsed(command, argv);
  if (values.help) return undefined;
  return {
    where: whereOf(values, environment),
    scope: scopeOf(values, environment),
    json: values.json ?? false,
    checksums: values.checksums ?? false,
    dryRun: values['dry-run'] ?? false,
    includeExpired: values['include-expired'] ?? false,
    acceptUnsigned: values['accept-unsigned'] ?? false,
  };
};
