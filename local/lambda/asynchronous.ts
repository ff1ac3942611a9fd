import type { FunctionFailure, Outcome } from './protocol.ts';

/**
 * Asynchronous invocations: the caller gets its answer at once, failures are retried after one and two minutes, and
 * a record of a permanent failure, with its request and response, goes to the function's on-failure destination.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export interface AsynchronousSettings {
  readonly functionArn: string;
  /** Retries after the first try, 0 to 2. */
  readonly retries: number;
  /** Seconds that an event may wait in total. */
  readonly maximumAge: number;
  readonly invoke: (event: unknown) => Promise<Outcome>;
  /** Pauses before the first and the second retry; absent: those of AWS. */
  readonly retryDelaysMs?: readonly number[] | undefined;
  /** Sends the record of a failure to the destination, if the function has one. */
  readonly onFailure?: (record: string) => Promise<void>;
  readonly onError: (problem: string) => void;
}

const RETRY_DELAYS_MS = [60_000, 120_000];
const THROTTLED_DELAY_MS = 1_000;

export interface Asynchronous {
  send(event: unknown): void;
  stop(): void;
}

interface Ending {
  readonly condition: 'RetriesExhausted' | 'EventAgeExceeded';
  readonly requestId: string;
  readonly tries: number;
  readonly failure: FunctionFailure;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const recordOf = (functionArn: string, event: unknown, ending: Ending): string =>
  JSON.stringify({
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: ending.requestId,
      functionArn: `${functionArn}:$LATEST`,
      condition: ending.condition,
      approximateInvokeCount: ending.tries,
    },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: ending.failure,
  });

export const makeAsynchronous = (settings: AsynchronousSettings): Asynchronous => {
  const stopped = new AbortController();
  const delays = settings.retryDelaysMs ?? RETRY_DELAYS_MS;
  const work = async (event: unknown): Promise<void> => {
    const begun = Date.now();
    for (let tries = 0; ; ) {
      const outcome = await settings.invoke(event);
      if (outcome.kind === 'ok' || stopped.signal.aborted) return;
      if (outcome.kind === 'failed') tries += 1;
      const delay = outcome.kind === 'throttled' ? THROTTLED_DELAY_MS : (delays[tries - 1] ?? 0);
      const tooOld = Date.now() + delay > begun + settings.maximumAge * 1000;
      if (tries > settings.retries || tooOld) {
        const failure =
          outcome.kind === 'failed'
            ? outcome.failure
            : { errorType: 'TooManyRequests', errorMessage: 'Rate Exceeded.' };
        const requestId = outcome.kind === 'failed' ? outcome.requestId : '';
        const condition = tries > settings.retries ? 'RetriesExhausted' : 'EventAgeExceeded';
        const ending: Ending = { condition, requestId, tries, failure };
        await settings.onFailure?.(recordOf(settings.functionArn, event, ending));
        return;
      }
      if (!(await waited(delay, stopped.signal))) return;
    }
  };
  return {
    send: (event) => {
      work(event).catch((error: Error) => settings.onError(error.message));
    },
    stop: () => stopped.abort(),
  };
};

/** False if it was stopped. */
export const waited = (ms: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false);
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve(true);
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
