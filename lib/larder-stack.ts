import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { METRICS } from '../core/contract.ts';
import { discoverOutput, pascalCase } from '../core/outputs.ts';
import { Alarms } from './alarms.ts';
import { Api } from './api.ts';
import { ApiSchedules } from './api-schedules.ts';
import { type Config, ConfigInvalid } from './config.ts';
import { Bury } from './dead-letters.ts';
import { environmentProblem } from './environment.ts';
import { Erase } from './erase.ts';
import { Expire } from './expire.ts';
import type { SourceExports } from './exports.ts';
import { HistoryTable } from './history.ts';
import { ARCHITECTURE, LarderFunction } from './lambda-function.ts';
import { ManifestKey } from './manifest-key.ts';
import { Outcomes } from './outcomes.ts';
import { PostgresLayers } from './postgres-layers.ts';
import type { SourceRestores } from './restores.ts';
import { routesOf } from './routes.ts';
import { Schedules } from './schedules.ts';
import { Sources } from './sources.ts';
import { StartRuns } from './start-runs.ts';
import { StoredSettings } from './stored-settings.ts';
import { Sweep } from './sweep.ts';
import { makeValueBytes } from './value-bytes.ts';
import { Vault } from './vault.ts';
import { Verifications } from './verifications.ts';

export interface LarderStackProps extends StackProps {
  /** The checked configuration with its defaults: see checkConfig. */
  readonly config: Config;
}

/** The URL of each source's queue of one kind, by the name of the stack output. */
const queuesOf = (
  kind: string,
  parts: readonly (SourceExports | SourceRestores)[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    parts.map(({ source, requests }) => [
      `${kind}Queue${pascalCase(source.name)}`,
      requests.queue.queueUrl,
    ]),
  );

/** All of Larder in an AWS account. One construct for each subsystem; each construct grants its own permissions. */
export class LarderStack extends Stack {
  /** @throws ConfigInvalid for a configuration whose functions would not fit into Lambda's limits */
  constructor(scope: Construct, id: string, { config, ...props }: LarderStackProps) {
    super(scope, id, { description: 'Larder: backups of a multi-tenant PostgreSQL', ...props });
    const alarms = new Alarms(this, 'Alarms', { tell: config.alarms });
    const vault = new Vault(this, 'Vault');
    const manifestKey = new ManifestKey(this, 'Manifests', config);
    const history = new HistoryTable(this, 'History');
    const outcomes = new Outcomes(this, 'Outcomes', { config, history, alarms });
    const layers = new PostgresLayers(this, 'PostgresLayers', {
      architecture: ARCHITECTURE,
      acceptOlder: config.postgres.acceptOlder,
      ...(config.postgres.majors && { clientMajors: config.postgres.majors }),
      ...(config.postgres.serverMajor && { serverMajor: config.postgres.serverMajor }),
      extensions: config.verification.extensions,
    });
    const verifications = new Verifications(this, 'Verifications', {
      config,
      history,
      vault,
      manifestKey,
      outcomes,
      layers,
      alarms,
    });
    const { exports: sources, restores } = new Sources(this, 'Sources', {
      config,
      vault,
      manifestKey,
      history,
      outcomes,
      verifications,
      alarms,
      postgresLayer: layers.client,
    });
    const routes = new StoredSettings(this, 'Routes', {
      description: 'the queues and functions of each source, for api and sweep',
      entries: routesOf(sources, restores),
    });
    const { expire, deadLetters } = new Expire(this, 'Retention', {
      config,
      history,
      vault,
      alarms,
    });
    const starting = new StartRuns(this, 'Runs', { config, history, sources, routes, alarms });
    const configured = new Schedules(this, 'Schedules', { config, starting, alarms });
    const schedules = new ApiSchedules(this, 'ApiSchedules', { starting, configured, alarms });
    const { erase } = new Erase(this, 'Erasing', {
      config,
      history,
      vault,
      manifestKey,
      schedules,
      alarms,
    });
    const { sweep } = new Sweep(this, 'Sweeping', {
      config,
      history,
      vault,
      outcomes,
      sources,
      restores,
      routes,
      verifications,
      erase,
      alarms,
    });
    const { bury } = new Bury(this, 'Burial', {
      config,
      history,
      outcomes,
      alarms,
      graves: [
        { kind: 'outcomes', queue: outcomes.messages.deadLetters },
        { kind: 'runs', queue: starting.deadLetters },
        { kind: 'expire', queue: deadLetters },
        ...sources.flatMap(({ source, requests, planDeadLetters }) => [
          { kind: 'exports' as const, source: source.name, queue: requests.deadLetters },
          { kind: 'plan' as const, source: source.name, queue: planDeadLetters },
        ]),
        ...restores.map(({ source, requests }) => ({
          kind: 'restores' as const,
          source: source.name,
          queue: requests.deadLetters,
        })),
        { kind: 'verifications', queue: verifications.requests.deadLetters },
      ],
    });
    configured.repeat({ sweep, bury });
    const api = new Api(this, 'Api', {
      config,
      history,
      vault,
      manifestKey,
      outcomes,
      sources,
      restores,
      routes,
      verifications,
      schedules,
      erase,
      alarms,
    });
    alarms.counted(
      'VaultStrays',
      [{ metricName: METRICS.vaultStrays, service: 'sweep', lambda: sweep.lambda }],
      'objects without a row',
    );
    const metricName = METRICS.recordsUnreadable;
    alarms.counted(
      'RecordsUnreadable',
      [
        { metricName, service: 'bury', lambda: bury.lambda },
        { metricName, service: 'expire', lambda: expire.lambda },
      ],
      'messages and records that no function can read',
    );
    this.#checkEnvironments();
    this.#output({
      ApiUrl: api.api.url,
      VaultBucket: vault.bucket.bucketName,
      ManifestKeys: manifestKey.ids,
      HistoryTable: history.table.tableName,
      OutcomesQueue: outcomes.messages.queue.queueUrl,
      VerificationsQueue: verifications.requests.queue.queueUrl,
      ...queuesOf('Exports', sources),
      ...queuesOf('Restores', restores),
      ...Object.fromEntries(
        sources.map(({ source, discover }) => [
          discoverOutput(source.name),
          discover.lambda.functionName,
        ]),
      ),
      ...(alarms.topicArn && { AlarmsTopic: alarms.topicArn }),
    });
  }

  #checkEnvironments(): void {
    const bytesOf = makeValueBytes(this);
    const problems = this.node
      .findAll()
      .filter((child) => child instanceof LarderFunction)
      .flatMap(({ folder, environment }) => environmentProblem(folder, environment, bytesOf) ?? []);
    if (problems.length) throw new ConfigInvalid(problems);
  }

  #output(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
  }
}
