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
  /** Whether there is a login of a restore role. */
  readonly takesRestores?: boolean;
}

/** The ARN of the source's secret in the local Secrets Manager. */
export const secretArnOf = (source: string): string =>
  `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:larder/${source}-local0`;

/** The ARN of its restore role's secret. */
export const restoreSecretArnOf = (source: string): string => secretArnOf(`${source}-restore`);

export const NIGHTLY = 'nightly';

/** The configuration that a file exports. @throws Error in one line */
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
 * The given configuration with this machine's replacements: one source, which all schedules use, and nothing that
 * only an AWS account can provide.
 * @throws ConfigInvalid with every mistake
 */
export const localConfig = (
  checked: Config,
  { takesRestores, ...source }: LocalSource,
  /** Backups are verified on request only, not automatically. */
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

/** The schedule that a start fires at once: the one named nightly, otherwise the first. */
export const scheduleToFire = ({ schedules }: Config): string => {
  const enabled = schedules.filter((schedule) => schedule.enabled);
  const chosen = enabled.find(({ name }) => name === NIGHTLY) ?? enabled[0];
  if (!chosen) throw new Error('The configuration has no schedule that is enabled.');
  return chosen.name;
};
