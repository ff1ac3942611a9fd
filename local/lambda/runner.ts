import { access } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FunctionFailure, InvokeMessage, RunnerMessage } from './protocol.ts';

/**
 * The inside of one instance of a function: a separate process that loads the bundle's handler once and then
 * receives one event after another. It leads its own process group, so killing the group also kills its children.
 * When the parent is gone, killed or not, the channel closes, and the whole group exits at once.
 */
const send = (message: RunnerMessage): void => {
  process.send?.(message);
};

const describe = (error: unknown): FunctionFailure => {
  if (!(error instanceof Error)) return { errorType: 'Error', errorMessage: String(error) };
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n'),
  };
};

type Handler = (event: unknown, context: object) => unknown;

/** `index.handler` is the export `handler` of index.mjs, index.js or index.cjs. */
const load = async (): Promise<Handler> => {
  const [module = '', name = ''] = (process.env._HANDLER ?? '').split('.');
  const root = process.env.LAMBDA_TASK_ROOT ?? '';
  for (const extension of ['.mjs', '.js', '.cjs']) {
    const file = path.join(root, `${module}${extension}`);
    const there = await access(file).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const loaded = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    const handler = loaded[name];
    if (typeof handler === 'function') return handler as Handler;
    throw new TypeError(`${file} exports no function ${name}`);
  }
  throw new Error(`${root} has no module ${module}`);
};

const contextOf = ({ requestId, functionArn, deadline }: InvokeMessage): object => ({
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  functionVersion: '$LATEST',
  invokedFunctionArn: functionArn,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  awsRequestId: requestId,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
});

const serve = async (handler: Handler, message: InvokeMessage): Promise<void> => {
  const { requestId } = message;
  try {
    const payload = await handler(message.event, contextOf(message));
    send({ kind: 'done', requestId, payload: payload ?? null });
  } catch (error) {
    console.error(error);
    send({ kind: 'failed', requestId, failure: describe(error) });
  }
};

process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
// The stack stops its functions itself; they ignore a signal that the terminal sends to the group.
process.on('SIGINT', () => undefined);

load().then(
  (handler) => {
    process.on('message', (message) => void serve(handler, message as InvokeMessage));
    send({ kind: 'ready' });
  },
  (error: unknown) => {
    console.error(error);
    send({ kind: 'unfit', failure: describe(error) });
  },
);
