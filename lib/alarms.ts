import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRICS } from '../core/contract.ts';
import { makeAlarmTopic } from './alarm-topic.ts';
import type { Config } from './config.ts';

const FIVE_MINUTES = { period: Duration.minutes(5) };
const summed = { ...FIVE_MINUTES, statistic: 'Sum' };
const greatest = { ...FIVE_MINUTES, statistic: 'Maximum' };

interface AlarmSpec {
  readonly metric: IMetric;
  /** The alarm rings at this value or above. */
  readonly threshold: number;
  readonly what: string;
}

/** A metric that Larder itself emits. */
export interface Count {
  readonly metricName: string;
  readonly service: string;
  /** The one function that emits the metric. */
  readonly lambda: LambdaFunction;
}

const countOf = ({ metricName, service, lambda }: Count): Metric =>
  new Metric({
    namespace: METRICS.namespace,
    metricName,
    dimensionsMap: { service, [METRICS.functionDimension]: lambda.functionName },
    ...summed,
  });

export type AlarmsProps =
  /** Alarms of the whole stack. They notify the configured recipients. */
  | { readonly tell: Config['alarms'] }
  /** Alarms of one source. They publish to the same topic as the alarms of the stack. */
  | { readonly like: Alarms; readonly source: string };

/**
 * Every alarm has its own name and a paragraph of that name in docs/runbook.md; its description points to the
 * paragraph. Alarms ring only in CloudWatch, unless the configuration names recipients.
 */
export class Alarms extends Construct {
  readonly #topic: ITopic | undefined;
  readonly #source: string | undefined;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#topic = 'like' in props ? props.like.#topic : makeAlarmTopic(this, props.tell);
    this.#source = 'like' in props ? props.source : undefined;
  }

  /** Alarms about one source, in that source's own stack. */
  ofSource(scope: Construct, source: string): Alarms {
    return new Alarms(scope, 'Alarms', { like: this, source });
  }

  /** The topic that alarms publish to; undefined if they notify no one. */
  get topicArn(): string | undefined {
    return this.#topic?.topicArn;
  }

  /** Messages of some queue could not be handled; `bury` has received them or failed to. */
  deadLetters(name: string, queue: Queue, of: string): void {
    // A message that `bury` receives soon may never be counted as waiting; a message that no function receives is never counted as received.
    const metric = new MathExpression({
      expression: 'FILL(received, 0) + FILL(waiting, 0)',
      usingMetrics: {
        received: queue.metricNumberOfMessagesReceived(summed),
        waiting: queue.metricApproximateNumberOfMessagesVisible(greatest),
      },
      label: 'dead letters',
      ...FIVE_MINUTES,
    });
    this.#add(name, { metric, threshold: 1, what: `dead letters of ${of}` });
  }

  /** Invocations of a function that ended with an error, timed out or crashed. */
  errors(name: string, lambda: LambdaFunction): void {
    const metric = lambda.metricErrors(summed);
    this.#add(name, { metric, threshold: 1, what: 'invocations that ended with an error' });
  }

  /** Nothing of a queue has been handled for this long. */
  waiting(name: string, queue: Queue, hours: number): void {
    const metric = queue.metricApproximateAgeOfOldestMessage(greatest);
    const what = `the oldest request has waited for over ${hours} hours`;
    this.#add(name, { metric, threshold: hours * 3600, what });
  }

  /** A function that must run continuously has not run. */
  silence(name: string, lambda: LambdaFunction, minutes: number): void {
    const metric = lambda.metricInvocations({ ...summed, period: Duration.minutes(minutes) });
    this.#make(name, `the function has not run for ${minutes} minutes`, {
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }

  /**
   * Requests have waited for an hour and no message was received: nothing is exported. An attempt lasts 15 minutes at most and then
   * deletes or hides its message, so a queue that is only slow does not ring.
   */
  stuck(name: string, queue: Queue): void {
    const hour = { period: Duration.hours(1) };
    const metric = new MathExpression({
      expression: 'IF(waiting > 0 AND FILL(done, 0) + FILL(hidden, 0) < 1, 1, 0)',
      usingMetrics: {
        waiting: queue.metricApproximateNumberOfMessagesVisible({ ...hour, statistic: 'Minimum' }),
        hidden: queue.metricApproximateNumberOfMessagesNotVisible({
          ...hour,
          statistic: 'Maximum',
        }),
        done: queue.metricNumberOfMessagesDeleted({ ...hour, statistic: 'Sum' }),
      },
      label: 'stuck',
      ...hour,
    });
    this.#add(name, {
      metric,
      threshold: 1,
      what: 'requests wait and nothing has been done for an hour',
    });
  }

  /** The function that reads the history's stream lags behind; the stream keeps records for 24 hours. */
  behind(name: string, lambda: LambdaFunction, minutes: number): void {
    const metric = lambda.metric('IteratorAge', greatest);
    const what = `the function is over ${minutes} minutes behind the history's stream`;
    this.#add(name, { metric, threshold: minutes * 60_000, what });
  }

  /** Any other sum that must stay 0. */
  none(name: string, metric: Metric, what: string): void {
    this.#add(name, { metric: metric.with(summed), threshold: 1, what });
  }

  /** Errors of a function, without those that it counts itself because another part caused them. */
  unexplained(name: string, errors: Metric, explained: Count, what: string): void {
    const metric = new MathExpression({
      expression: 'errors - FILL(explained, 0)',
      usingMetrics: { errors: errors.with(summed), explained: countOf(explained) },
      label: what,
      ...FIVE_MINUTES,
    });
    this.#add(name, { metric, threshold: 1, what });
  }

  /** The sum of the metrics that functions emit themselves and that must stay 0. */
  counted(name: string, counts: readonly Count[], what: string): void {
    const metrics = counts.map((count) => [count.service, countOf(count)] as const);
    const metric = new MathExpression({
      expression: metrics.map(([service]) => `FILL(${service}, 0)`).join(' + '),
      usingMetrics: Object.fromEntries(metrics),
      label: what,
      ...FIVE_MINUTES,
    });
    this.#add(name, { metric, threshold: 1, what });
  }

  /** A state that a function counts every few minutes while it lasts. */
  lasting(name: string, count: Count, what: string): void {
    // At least three counts: one late count must not end the alarm and start it again.
    const metric = countOf(count).with({ period: Duration.minutes(15), statistic: 'Maximum' });
    this.#add(name, { metric, threshold: 1, what });
  }

  #add(name: string, { metric, threshold, what }: AlarmSpec): void {
    this.#make(name, what, {
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }

  #make(
    name: string,
    what: string,
    rule: {
      readonly metric: IMetric;
      readonly threshold: number;
      readonly comparisonOperator: ComparisonOperator;
      readonly treatMissingData: TreatMissingData;
    },
  ): void {
    const about = this.#source ? ` (${this.#source})` : '';
    const alarm = new Alarm(this, name, {
      ...rule,
      evaluationPeriods: 1,
      alarmDescription: `Larder: ${what}${about}. What to do: docs/runbook.md#${name.toLowerCase()}`,
    });
    if (this.#topic) alarm.addAlarmAction(new SnsAction(this.#topic));
  }
}
