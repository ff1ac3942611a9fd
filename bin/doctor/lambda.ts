import {
  GetAccountSettingsCommand,
  InvokeCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { discoverResult, parseJson } from '../../core/messages.ts';
import type { Finding } from './check.ts';

/** Concurrent functions of the stack besides exports, restores and verifications: API, mails, planning, repairs. */
const OTHERS = 10;
const RESTORES_AT_ONCE = 2;

export interface Wanted {
  /** K of one source. */
  readonly exports: number;
  readonly sources: number;
  readonly restoringSources: number;
  readonly verifications: number;
}

/** The most functions of the stack that run at the same time. */
export const concurrencyOf = (wanted: Wanted): number =>
  wanted.exports * wanted.sources +
  RESTORES_AT_ONCE * wanted.restoringSources +
  wanted.verifications +
  OTHERS;

export const checkConcurrency = async (
  client: LambdaClient,
  wanted: Wanted,
): Promise<readonly Finding[]> => {
  const check = 'concurrency';
  const { AccountLimit: limit } = await client.send(new GetAccountSettingsCommand());
  const all = limit?.ConcurrentExecutions;
  const free = limit?.UnreservedConcurrentExecutions ?? all;
  if (all === undefined || free === undefined)
    return [{ check, result: 'unknown', says: 'Lambda does not report the limits of the account' }];
  const needed = concurrencyOf(wanted);
  const says = `the account runs ${all} functions at once, ${free} of them not reserved; this stack may need ${needed}`;
  return free >= needed
    ? [{ check, result: 'ok', says }]
    : [
        {
          check,
          result: 'warning',
          says,
          todo: 'request more (Service Quotas, Lambda, "Concurrent executions"), or lower export.concurrency',
        },
      ];
};

/** Calls a source's own function, in its network and with its login, to list the projects, as every run does. */
export const checkSource = async (
  client: LambdaClient,
  source: string,
  functionName: string,
): Promise<readonly Finding[]> => {
  const check = `source ${source}`;
  const answer = await client.send(
    new InvokeCommand({ FunctionName: functionName, Payload: '{}' }),
  );
  const payload = Buffer.from(answer.Payload ?? []).toString('utf8');
  if (answer.FunctionError) {
    const says = `its discover function ended without an answer (${answer.FunctionError})`;
    return [{ check, result: 'failed', says, todo: `check the log of ${functionName}` }];
  }
  const result = parseJson('The answer of discover', discoverResult, payload);
  if (result.kind === 'failure')
    return [{ check, result: 'failed', says: `${result.error.name}: ${result.error.message}` }];
  if (result.kind === 'project')
    return [{ check, result: 'failed', says: 'its discover function gave another kind of answer' }];
  const { listed, active, refusedCount, refused } = result.counts;
  const says = `reached; it lists ${listed} projects, ${active} of them active`;
  if (refusedCount > 0) {
    const first = refused[0] ? `, such as ${refused[0].projectId}: ${refused[0].why}` : '';
    return [{ check, result: 'warning', says: `${says}; ${refusedCount} not accepted${first}` }];
  }
  return active > 0
    ? [{ check, result: 'ok', says }]
    : [{ check, result: 'warning', says, todo: 'check projectQuery: nothing is backed up' }];
};
