import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { outcomeMessage, parseJson } from '../../core/messages.ts';
import { handleMessages } from '../batch.ts';
import { mailFinishedRun, type NotifyPorts, type NotifySettings, takeNote } from './notify.ts';

/**
 * Handles a batch of outcomes. Runs are checked once, after all outcomes of the batch are noted: otherwise a run of
 * thousands would be counted again for each of its backups. Failed messages are delivered again.
 */
export const notifyBatch = async (
  ports: NotifyPorts,
  settings: NotifySettings,
  event: SQSEvent,
): Promise<SQSBatchResponse> => {
  const waiting = new Map<string, string[]>();
  const note = async ({ body, messageId }: SQSRecord): Promise<void> => {
    try {
      const outcome = parseJson('The outcome', outcomeMessage, body);
      const runId = await takeNote(ports, settings, outcome);
      if (runId) waiting.set(runId, [...(waiting.get(runId) ?? []), messageId]);
    } catch (error) {
      ports.log.error('an outcome could not be reported', { messageId, error });
      throw error;
    }
  };
  const { batchItemFailures } = await handleMessages(event, note);
  const failures = [...batchItemFailures];
  for (const [runId, messageIds] of waiting) {
    try {
      await mailFinishedRun(ports, settings, runId);
    } catch (error) {
      ports.log.error('a run could not be reported', { runId, error });
      failures.push(...messageIds.map((itemIdentifier) => ({ itemIdentifier })));
    }
  }
  return { batchItemFailures: failures };
};
