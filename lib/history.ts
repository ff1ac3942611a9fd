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

/** What a function may do with rows, by DynamoDB's own words. There is no scan: everything is found by key or index. */
export type RowAction = 'GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem';
export type Index = 'statusIndex' | 'dayIndex';

/** The table of backups, runs and projects. It outlives the stack. */
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

  /** Lets a function do these actions with rows, and query the table or the indexes named. */
  allow(
    caller: LarderFunction,
    actions: readonly RowAction[],
    queries: readonly (Index | 'table')[] = [],
  ): void {
    caller.allow(
      actions.map((action) => `dynamodb:${action}`),
      [this.table.tableArn],
    );
    if (queries.length === 0) return;
    caller.allow(
      ['dynamodb:Query'],
      queries.map((where) =>
        where === 'table'
          ? this.table.tableArn
          : `${this.table.tableArn}/index/${TABLE[where].name}`,
      ),
    );
  }
}
