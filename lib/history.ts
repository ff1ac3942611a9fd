import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { DAY_PROJECTION, STATUS_PROJECTION, TABLE } from '../core/contract.ts';
import type { LarderFunction } from './lambda-function.ts';

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** The DynamoDB actions that a function may use on rows. There is no scan: every row is found by key or index. */
export type RowAction = 'GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem';
export type Index = 'statusIndex' | 'dayIndex';

/** The table of backups, runs and projects. It is kept when the stack is deleted. */
export class HistoryTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: text(TABLE.pk),
      sortKey: text(TABLE.sk),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: TABLE.ttl,
      stream: StreamViewType.OLD_IMAGE,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const [index, carries] of [
      [TABLE.statusIndex, STATUS_PROJECTION],
      [TABLE.dayIndex, DAY_PROJECTION],
    ] as const) {
      this.table.addGlobalSecondaryIndex({
        indexName: index.name,
        partitionKey: text(index.pk),
        sortKey: text(index.sk),
        projectionType: ProjectionType.INCLUDE,
        nonKeyAttributes: [...carries],
      });
    }
  }

  /**
   * Grants a function these actions on rows, and queries of the table or of the indexes named.
   * @param partitions patterns that limit it to partitions of the table; absent: all. The indexes have other keys and are not limited.
   */
  allow(
    caller: LarderFunction,
    actions: readonly RowAction[],
    queries: readonly (Index | 'table')[] = [],
    partitions?: readonly string[],
  ): void {
    const conditions = partitions && {
      // A request for several rows must be allowed for each of them; a request that names no row is denied.
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    };
    const ofTable = [...actions, ...(queries.includes('table') ? ['Query'] : [])];
    caller.allow(
      ofTable.map((action) => `dynamodb:${action}`),
      [this.table.tableArn],
      conditions,
    );
    const indexes = queries.flatMap((where) =>
      where === 'table' ? [] : [`${this.table.tableArn}/index/${TABLE[where].name}`],
    );
    if (indexes.length) caller.allow(['dynamodb:Query'], indexes);
  }
}
