import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS } from '../../core/contract.ts';
import { failureFacts } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import type { ReceivedLetter } from '../../core/queue-ports.ts';
import type { DeadLetterSettings } from '../../core/settings.ts';
import { handleDeadLetter } from './handle-dead-letter.ts';
import type { DeadLetterPorts } from './ports.ts';

/** Handles a received letter, counts it, and logs its failure. Answers false if it must be received again. */
export const makeHandle =
  (ports: DeadLetterPorts, metrics: Metrics) =>
  async (
    { messageId, body, attributes }: ReceivedLetter,
    { kind, source, queueUrl }: DeadLetterSettings[number],
  ): Promise<boolean> => {
    try {
      const letter = { kind, ...(source !== undefined && { source }), body, attributes };
      await handleDeadLetter(ports, letter);
      metrics.addMetric(METRICS.messagesBuried, MetricUnit.Count, 1);
      return true;
    } catch (error) {
      const unreadable = error instanceof InvalidInput;
      const what = unreadable ? 'is not readable' : 'could not be handled';
      ports.log.error(`a dead letter ${what}`, {
        queue: queueUrl,
        messageId,
        bytes: Buffer.byteLength(body),
        ...failureFacts(error),
      });
      if (!unreadable) return false;
      // A dead-letter queue has none of its own: an unreadable letter would be received again until it is too old.
      metrics.addMetric(METRICS.recordsUnreadable, MetricUnit.Count, 1);
      return true;
    }
  };
