import { SESClient } from '@aws-sdk/client-ses';
import type { SQSEvent } from 'aws-lambda';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeMailer } from '../../adapters/ses/mailer.ts';
import { lambdaHandler } from '../middleware.ts';
import { notifyBatch } from './batch.ts';
import type { NotifyPorts, NotifySettings } from './notify.ts';

const log = makeLog('notify');
const { environment, historyTable, notifications } = readEnvironment([
  'environment',
  'historyTable',
  'notifications',
]);
const access = {
  table: historyTable,
  client: makeTableClient(),
  clock: Date.now,
};
const ports: NotifyPorts = {
  history: makeHistory(access),
  runs: makeRuns(access),
  restores: makeRestores(access),
  verifications: makeVerifications(access),
  mailer: makeMailer({
    client: new SESClient({ requestHandler: makeRequestHandler() }),
    ...notifications,
  }),
  log,
};
const settings: NotifySettings = { environment, onSuccess: notifications.onSuccess };

export const handler = lambdaHandler(log, undefined, (event: SQSEvent) =>
  notifyBatch(ports, settings, event),
);
