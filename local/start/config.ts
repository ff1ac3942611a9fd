import { pathToFileURL } from 'node:url';
import type { Config, SourceConfig } from '../../lib/config.ts';
import { checkConfig } from '../../lib/config.ts';
import { ACCOUNT, REGION } from '../region.ts';

/** The one source of a local stack. */
export interface LocalSource {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly tls: SourceConfig['tls'];
  readonly ca?: string;
  readonly schemas?: readonly string[];
  /** There is a login of a restore role. */
  readonly takesRestores?: boolean;
}

/** Under which ARN the local Secrets Manager keeps the source's secret. */
export const secretArnOf = (source: string): string =>
  `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:larder/${source}-local0`;

/** And that of its restore role. */
export const restoreSecretArnOf = (source: string): string => secretArnOf(`${source}-restore`);

export const NIGHTLY = 'nightly';

/** What a configuration file exports. @throws Error in one line */
export const loadConfig = async (file: string): Promise<unknown> => {
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(file).href);
    return module.default;
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    throw new Error(`The configuration ${file} can't be read: ${why}`, { cause: error });
  }
};

/**
 * The configuration as it is, but for what this machine has instead: its one source, which all schedules are for, and
 * nothing that only an account of AWS could give.
 * @throws ConfigInvalid with every mistake
 */
export const localConfig = (
  checked: Config,
  { takesRestores, ...source }: LocalSource,
  /** Backups are verified when they are asked to be, and not by themselves. */
  { onlyWhenAsked = false }: { readonly onlyWhenAsked?: boolean } = {},
): Config => {
  const { alarms: _alarms, api: _api, postgres: _postgres, ...rest } = checked;
  const schedules = rest.schedules.map((schedule) => ({
    ...schedule,
    sources: 'all' as const,
    projects: 'all' as const,
  }));
  const nightly = { name: NIGHTLY, expression: 'cron(0 2 * * ? *)' };
  return checkConfig({
    ...rest,
    environment: 'local',
    sources: [
      {
        ...source,
        secretArn: secretArnOf(source.name),
        ...(takesRestores && { restore: { secretArn: restoreSecretArnOf(source.name) } }),
      },
    ],
    verification: { ...rest.verification, ...(onlyWhenAsked && { which: 'none' }) },
    schedules: schedules.some(({ enabled }) => enabled) ? schedules : [...schedules, nightly],
  });
};

/** The schedule that a start fires at once: the one called nightly, or else the first. */
export const scheduleToFire = ({ schedules }: Config): string => {
  const enabled = schedules.filter((schedule) => schedule.enabled);
  const chosen = enabled.find(({ name }) => name === NIGHTLY) ?? enabled[0];
  if (!chosen) throw new Error('The configuration has no schedule that is enabled.');
  return chosen.name;
};
