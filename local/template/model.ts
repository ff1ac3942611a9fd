import type { AttributeDefinition, CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** A template as it runs on one machine: every name, address and number resolved. */
export interface LocalFunction {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly codeFolder: string;
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly hasLayers: boolean;
  readonly reservedConcurrency?: number;
  readonly asynchronous: {
    readonly retries: number;
    readonly maximumAge: number;
    /** ARN of a queue. */
    readonly onFailure?: string;
  };
}

export interface LocalQueue {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  /** In the form that SQS accepts, all strings. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface LocalTable {
  readonly id: string;
  readonly name: string;
  readonly streamArn: string;
  readonly definition: CreateTableCommandInput & {
    readonly AttributeDefinitions: AttributeDefinition[];
  };
  readonly ttlAttribute?: string;
  readonly streamView?: string;
}

/** Patterns of an event filter; one match is enough. */
export type Filters = readonly unknown[];

export interface QueueMapping {
  readonly kind: 'queue';
  readonly id: string;
  readonly queueArn: string;
  readonly functionName: string;
  readonly batchSize: number;
  readonly maximumConcurrency?: number;
  readonly reportsFailures: boolean;
  readonly filters: Filters;
}

export interface StreamMapping {
  readonly kind: 'stream';
  readonly id: string;
  readonly streamArn: string;
  readonly functionName: string;
  readonly batchSize: number;
  /** Retries after the first try; -1: no limit. */
  readonly retries: number;
  readonly reportsFailures: boolean;
  readonly filters: Filters;
  /** ARN of a queue. */
  readonly onFailure?: string;
}

export interface LocalSchedule {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  /** ARN of the role with which it invokes its function. */
  readonly role: string;
  /** `cron(...)`, `rate(...)` or `at(...)`. */
  readonly expression: string;
  readonly timeZone: string;
  readonly flexibleMinutes: number;
  readonly enabled: boolean;
  readonly functionName: string;
  /** JSON, in which `<aws.scheduler.scheduled-time>` and similar variables are not replaced yet. */
  readonly input: string;
  readonly retries: number;
  /** Seconds. */
  readonly maximumAge: number;
  /** ARN of a queue. */
  readonly deadLetter?: string;
}

export interface LocalRoute {
  readonly method: string;
  /** A resource path such as `/projects/{projectId}`. */
  readonly path: string;
  readonly resourceId: string;
  readonly functionName: string;
  readonly authorization: string;
  readonly validatesBody: boolean;
  readonly validatesParameters: boolean;
  /** Such as `method.request.querystring.limit`, and whether it is required. */
  readonly parameters: Readonly<Record<string, boolean>>;
  /** JSON schemas by content type. */
  readonly models: Readonly<Record<string, unknown>>;
}

export interface GatewayResponse {
  readonly type: string;
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** By content type, with `$context` variables in it. */
  readonly templates: Readonly<Record<string, string>>;
}

export interface LocalModel {
  readonly stackName: string;
  readonly functions: readonly LocalFunction[];
  readonly queues: readonly LocalQueue[];
  readonly tables: readonly LocalTable[];
  readonly buckets: readonly { readonly id: string; readonly name: string }[];
  /** Parameters of Systems Manager, values by name. */
  readonly parameters: ReadonlyMap<string, string>;
  /** KMS keys that create and verify MACs. */
  readonly macKeys: readonly { readonly id: string }[];
  readonly queueMappings: readonly QueueMapping[];
  readonly streamMappings: readonly StreamMapping[];
  readonly schedules: readonly LocalSchedule[];
  readonly scheduleGroups: readonly string[];
  readonly routes: readonly LocalRoute[];
  readonly gatewayResponses: readonly GatewayResponse[];
}
