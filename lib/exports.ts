import { Duration } from 'aws-cdk-lib';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRICS, TIMES, VAULT } from '../core/contract.ts';
import type { ExportSettings } from '../core/settings.ts';
import type { Alarms } from './alarms.ts';
import type { Config, SourceConfig } from './config.ts';
import type { HistoryTable } from './history.ts';
import { type Isolation, isolationOf, SHARED_PARTITIONS } from './isolation.ts';
import type { FunctionNetwork, LarderFunction } from './lambda-function.ts';
import type { ManifestKey } from './manifest-key.ts';
import { importNetwork } from './network.ts';
import type { Outcomes } from './outcomes.ts';
import { POSTGRES_ROOT } from './postgres-layers.ts';
import { consume, makeDeadLetters, QueueWithDeadLetters } from './queue-with-dead-letters.ts';
import { makeSourceFunction } from './source-function.ts';
import type { Vault } from './vault.ts';
import { type Verifications, verificationOf } from './verifications.ts';
import { waitingHoursOf } from './waiting-limit.ts';

const DISCOVER_TIMEOUT_SECONDS = 300;
/** Planning 10,000 projects makes thousands of small requests: more memory gives more CPU for them. */
const PLAN_MEMORY_MB = 1024;

export interface SourceExportsProps {
  readonly config: Config;
  readonly source: SourceConfig;
  readonly vault: Vault;
  readonly manifestKey: ManifestKey;
  readonly history: HistoryTable;
  readonly outcomes: Outcomes;
  readonly verifications: Verifications;
  readonly alarms: Alarms;
  /** Layer with pg_dump and the other client programs. */
  readonly postgresLayer: ILayerVersion;
}

/** The export defaults in the form that functions read: with the space for format tar, without the settings of the queue. */
/** The retention of a source's backups, for its functions. */
export const retentionOf = (
  config: Config,
  { retention }: Pick<Config['sources'][number], 'retention'>,
): string => JSON.stringify(retention ?? config.retention);

export const exportDefaultsOf = ({ export: defaults, lambda }: Config): string => {
  const { concurrency: _, ...settings } = defaults;
  const temporaryBytes = lambda.exportTemporaryMb * 1024 ** 2;
  return JSON.stringify({ ...settings, temporaryBytes } satisfies ExportSettings);
};

/** Only the engine needs templates. */
const keepsTemplates = ({ export: { engine, templates } }: Config): boolean =>
  engine === 'larder' && templates === 'kept';

/** One source: its queue, and the functions that reach its database, with its network and its login only. */
export class SourceExports extends Construct {
  readonly source: SourceConfig;
  readonly requests: QueueWithDeadLetters;
  readonly planDeadLetters: Queue;
  readonly discover: LarderFunction;
  readonly plan: LarderFunction;
  readonly export: LarderFunction;
  readonly network: FunctionNetwork | undefined;
  readonly isolation: Isolation;
  /** Alarms about this source. */
  readonly alarms: Alarms;
  readonly #props: SourceExportsProps;

  constructor(scope: Construct, id: string, props: SourceExportsProps) {
    super(scope, id);
    const { source } = props;
    this.#props = props;
    this.source = source;
    this.isolation = isolationOf(props.config, source, VAULT.prefix);
    this.network = source.vpc && importNetwork(this, source.vpc);
    this.requests = new QueueWithDeadLetters(this, 'Exports', {
      fifo: true,
      visibilitySeconds: TIMES.exportsVisibilitySeconds,
      maxReceiveCount: TIMES.exportsMaxReceiveCount,
    });
    this.planDeadLetters = makeDeadLetters(
      this,
      'PlanDeadLetters',
      'the schedules and of the plan function',
    );
    this.discover = this.#makeDiscover();
    this.plan = this.#makePlan();
    this.export = this.#makeExport();
    this.alarms = props.alarms.ofSource(this, source.name);
    this.#alarm();
  }

  #alarm(): void {
    const { alarms } = this;
    alarms.deadLetters('ExportsDeadLetters', this.requests.deadLetters, 'exports');
    alarms.deadLetters('PlanDeadLetters', this.planDeadLetters, 'planning');
    const hours = waitingHoursOf(this.#props.config, this.source.name);
    alarms.waiting('ExportsWaiting', this.requests.queue, hours);
    alarms.stuck('ExportsStuck', this.requests.queue);
    const { lambda } = this.export;
    alarms.errors('ExportErrors', lambda);
    alarms.counted(
      'ExportsFailed',
      [{ metricName: METRICS.exportFailed, service: 'export', lambda }],
      'backups that failed for good',
    );
    if (keepsTemplates(this.#props.config))
      alarms.counted(
        'TemplatesDiffer',
        [{ metricName: METRICS.templatesDiffer, service: 'export', lambda }],
        'kept templates that were not what pg_dump wrote',
      );
    // A database that refuses the login is a normal answer of discover, not an error.
    alarms.errors('DiscoverErrors', this.discover.lambda);
  }

  #makeDiscover(): LarderFunction {
    const { history } = this.#props;
    const discover = this.#function('Discover', {
      folder: 'discover',
      description: `lists the projects of ${this.source.name}`,
      timeoutSeconds: DISCOVER_TIMEOUT_SECONDS,
      memoryMb: this.#props.config.lambda.memoryMb,
      variables: {},
    });
    history.allow(discover, ['GetItem', 'UpdateItem'], ['statusIndex'], this.isolation.projects);
    return discover;
  }

  #makePlan(): LarderFunction {
    const { config, history, outcomes } = this.#props;
    const plan = this.#function('Plan', {
      folder: 'plan',
      description: `plans the backups of ${this.source.name}`,
      timeoutSeconds: 900,
      memoryMb: Math.max(PLAN_MEMORY_MB, config.lambda.memoryMb),
      variables: {
        environment: config.environment,
        exportsQueue: this.requests.queue.queueUrl,
        outcomesQueue: outcomes.messages.queue.queueUrl,
        exportDefaults: exportDefaultsOf(config),
        retention: retentionOf(config, this.source),
      },
    });
    history.allow(
      plan,
      ['GetItem', 'PutItem', 'UpdateItem'],
      ['table', 'statusIndex'],
      this.isolation.projects && [...this.isolation.projects, ...SHARED_PARTITIONS],
    );
    plan.allow(['sqs:SendMessage'], [this.requests.queue.queueArn]);
    outcomes.allowReport(plan);
    // A message that fails permanently is not lost: `bury` receives it and notifies people.
    plan.allow(['sqs:SendMessage'], [this.planDeadLetters.queueArn]);
    plan.lambda.configureAsyncInvoke({
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      onFailure: { bind: () => ({ destination: this.planDeadLetters.queueArn }) },
    });
    return plan;
  }

  #makeExport(): LarderFunction {
    const { config, history, outcomes, postgresLayer, vault, manifestKey, verifications } =
      this.#props;
    const { concurrency } = config.export;
    const worker = this.#function('Export', {
      folder: 'export',
      description: `exports projects of ${this.source.name}`,
      timeoutSeconds: TIMES.exportTimeoutSeconds,
      memoryMb: config.lambda.exportMemoryMb,
      temporaryMb: config.lambda.exportTemporaryMb,
      layers: [postgresLayer],
      // An event source mapping can't limit concurrency to 1; the function can.
      ...(concurrency === 1 && { reservedConcurrency: 1 }),
      variables: {
        environment: config.environment,
        vaultBucket: vault.bucket.bucketName,
        manifestKeys: manifestKey.ids,
        exportDefaults: exportDefaultsOf(config),
        keyTemplate: config.keyTemplate,
        exportsQueue: this.requests.queue.queueUrl,
        outcomesQueue: outcomes.messages.queue.queueUrl,
        verification: verificationOf(config),
        verificationsQueue: verifications.requests.queue.queueUrl,
        postgresRoot: POSTGRES_ROOT,
      },
    });
    // The function creates no row of a backup, only the row of a verification.
    const { projects, stores, reads } = this.isolation;
    history.allow(worker, ['GetItem', 'PutItem', 'UpdateItem'], ['table'], projects);
    vault.allowStore(worker, stores);
    manifestKey.allowSign(worker);
    // A later attempt looks for a complete backup of an earlier one.
    vault.allowRead(worker, reads);
    vault.allowList(worker, reads);
    if (keepsTemplates(config)) vault.allowTemplates(worker, this.source.name);
    worker.allow(['sqs:ChangeMessageVisibility'], [this.requests.queue.queueArn]);
    outcomes.allowReport(worker);
    verifications.allowRequest(worker);
    consume(worker, 'ExportsMapping', this.requests.queue, {
      batchSize: 1,
      maxConcurrency: concurrency > 1 ? concurrency : undefined,
    });
    return worker;
  }

  #function(id: string, props: Parameters<typeof makeSourceFunction>[3]): LarderFunction {
    const { config, history, source } = this.#props;
    const access = { config, source, login: source, network: this.network, history };
    return makeSourceFunction(this, id, access, props);
  }
}
