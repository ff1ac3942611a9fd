import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { SourceSettings } from '../core/settings.ts';
import { CA_FILE } from './bundles.ts';
import type { Config, Login, SourceConfig } from './config.ts';
import type { HistoryTable } from './history.ts';
import {
  type FunctionNetwork,
  LarderFunction,
  type LarderFunctionProps,
} from './lambda-function.ts';

/** The common properties of all functions that reach a source's database. */
export interface SourceAccess {
  readonly config: Config;
  readonly source: SourceConfig;
  /** The login of the backup role or of the restore role: a function has one of them and never both. */
  readonly login: Login;
  readonly network: FunctionNetwork | undefined;
  readonly history: HistoryTable;
}

/** The settings of its source that a function gets: without the network, in which it runs, and without files outside its bundle. */
const settingsOf = (source: SourceConfig, { secretArn, iam }: Login): SourceSettings => {
  const {
    secretArn: _,
    secretKeyArn: __,
    iam: ___,
    ca,
    vpc: ____,
    restore: _____,
    ...rest
  } = source;
  if (!secretArn && !iam) throw new Error(`Source ${source.name} has no login.`);
  return {
    ...rest,
    auth: iam
      ? { type: 'iam', user: iam.user, ...(iam.region && { region: iam.region }) }
      : { type: 'secret', secretArn: secretArn ?? '' },
    ...(ca && { caFile: CA_FILE }),
  };
};

const allowLogin = (reader: LarderFunction, { secretArn, secretKeyArn, iam }: Login): void => {
  const stack = Stack.of(reader);
  if (secretArn) reader.allow(['secretsmanager:GetSecretValue'], [secretArn]);
  if (secretKeyArn) {
    reader.allow(['kms:Decrypt'], [secretKeyArn], {
      StringEquals: { 'kms:ViaService': `secretsmanager.${stack.region}.${stack.urlSuffix}` },
    });
  }
  if (iam) {
    const user = `dbuser:${iam.resourceId}/${iam.user}`;
    const region = iam.region ?? stack.region;
    reader.allow(
      ['rds-db:connect'],
      [`arn:${stack.partition}:rds-db:${region}:${stack.account}:${user}`],
    );
  }
};

/** A function that reaches a source's database: in its network, with one of its logins. */
export const makeSourceFunction = (
  scope: Construct,
  id: string,
  { config, source, login, network, history }: SourceAccess,
  props: Omit<LarderFunctionProps, 'logRetentionDays' | 'network' | 'caFile'>,
): LarderFunction => {
  const made = new LarderFunction(scope, id, {
    ...props,
    logRetentionDays: config.logRetentionDays,
    network,
    caFile: source.ca,
    variables: {
      ...props.variables,
      historyTable: history.table.tableName,
      source: JSON.stringify(settingsOf(source, login)),
    },
  });
  allowLogin(made, login);
  return made;
};
