import type { Config, ConfigInput, SourceConfig } from '../../lib/config.ts';
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
}

/** Under which ARN the local Secrets Manager keeps the source's secret. */
export const secretArnOf = (source: string): string =>
  `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:larder/${source}-local0`;

export const NIGHTLY = 'nightly';

/**
 * The configuration as it is, but for what this machine has instead: its one source, which all schedules are for, and
 * nothing that only an account of AWS could give.
 * @throws ConfigInvalid with every mistake
 */
export const localConfig = (config: ConfigInput, source: LocalSource): Config => {
  const { alarms: _alarms, api: _api, postgres: _postgres, ...rest } = checkConfig(config);
  const schedules = rest.schedules.map((schedule) => ({
    ...schedule,
    sources: 'all' as const,
    projects: 'all' as const,
  }));
  const nightly = { name: NIGHTLY, expression: 'cron(0 2 * * ? *)' };
  return checkConfig({
    ...rest,
    environment: 'local',
    sources: [{ ...source, secretArn: secretArnOf(source.name) }],
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
