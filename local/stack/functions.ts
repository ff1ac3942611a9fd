import { Writable } from 'node:stream';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { AccessDenied } from '../access/access.ts';
import { arnOf } from '../access/requests/request.ts';
import { type Asynchronous, makeAsynchronous } from '../lambda/asynchronous.ts';
import { makePool, type Pool } from '../lambda/pool.ts';
import type { Outcome } from '../lambda/protocol.ts';
import { ACCOUNT } from '../region.ts';
import type { LocalFunction, LocalModel } from '../template/model.ts';
import { environmentOfFunction, type FunctionSurroundings, LOG_STREAM } from './environment.ts';
import type { Logs } from './logs.ts';
import type { Sessions } from './sessions.ts';

/** The template's functions, which can be invoked by name. */
export interface Functions {
  find(
    name: string,
  ): { invoke(event: unknown): Promise<Outcome>; send(event: unknown): void } | undefined;
  /** @throws Error if there is no such function */
  invoke(name: string, event: unknown): Promise<Outcome>;
  /** Asynchronously. @throws Error if there is no such function */
  send(name: string, event: unknown): void;
  workers(name: string): readonly number[];
  settings(name: string): LocalFunction;
  stop(graceMs: number): Promise<void>;
}

export interface FunctionsOptions {
  readonly model: LocalModel;
  readonly surroundings: Omit<FunctionSurroundings, 'credentials'>;
  readonly logs: Logs;
  readonly sessions: Sessions;
  readonly queuesUrl: string;
  /** Pauses before the retries of asynchronous invocations. */
  readonly retryDelaysMs?: readonly number[] | undefined;
  readonly onProblem: (problem: string) => void;
}

/**
 * The limit of a function that answers the API. AWS would start an instance for each request; one machine has a few cores, and more
 * processes would make each answer later than a caller waits. The other functions are limited by their triggers.
 */
const API_PROCESSES = 8;

/** The address of a queue, by its ARN. */
export const urlOfQueue = (queuesUrl: string, arn: string): string =>
  `${queuesUrl}/${ACCOUNT}/${arn.split(':').at(-1)}`;

/** Sends a record to a destination queue, with the role of the function that the destination belongs to. */
export const sendTo = async (
  sqs: SQSClient,
  queuesUrl: string,
  arn: string,
  body: string,
): Promise<void> => {
  await sqs.send(
    new SendMessageCommand({ QueueUrl: urlOfQueue(queuesUrl, arn), MessageBody: body }),
  );
};

/** A function whose role may not write its log has no log. */
const logOf = (
  { logs, sessions }: Pick<FunctionsOptions, 'logs' | 'sessions'>,
  { name, logGroup }: LocalFunction,
): Writable => {
  const resource = arnOf('logs', `log-group:${logGroup}:log-stream:${LOG_STREAM}`);
  try {
    sessions.access.checkAs(name, [
      { action: 'logs:CreateLogStream', resource },
      { action: 'logs:PutLogEvents', resource },
    ]);
    return logs.of(name);
  } catch (error) {
    if (!(error instanceof AccessDenied)) throw error;
    return new Writable({ write: (_chunk, _encoding, done) => done() });
  }
};

export const makeFunctions = (options: FunctionsOptions): Functions => {
  const { model, surroundings, sessions, queuesUrl, onProblem } = options;
  interface Entry {
    readonly settings: LocalFunction;
    readonly pool: Pool;
    readonly asynchronous: Asynchronous;
  }
  const answersApi = new Set(model.routes.map(({ functionName }) => functionName));
  const entries = new Map<string, Entry>();
  for (const settings of model.functions) {
    const pool = makePool({
      ...settings,
      environment: environmentOfFunction(settings, {
        ...surroundings,
        credentials: sessions.access.credentialsOf(settings.name),
      }),
      log: logOf(options, settings),
      ...(answersApi.has(settings.name) ? { processes: API_PROCESSES } : {}),
      ...(settings.reservedConcurrency === undefined
        ? {}
        : { atMost: settings.reservedConcurrency }),
    });
    const { onFailure, retries, maximumAge } = settings.asynchronous;
    const asynchronous = makeAsynchronous({
      functionArn: settings.arn,
      retries,
      retryDelaysMs: options.retryDelaysMs,
      maximumAge,
      invoke: pool.invoke,
      ...(onFailure && {
        onFailure: (record: string) =>
          sendTo(sessions.sqsAs(settings.name), queuesUrl, onFailure, record),
      }),
      onError: (problem) => onProblem(`${settings.name}: ${problem}`),
    });
    entries.set(settings.name, { settings, pool, asynchronous });
  }
  const entryOf = (name: string): Entry => {
    const entry = entries.get(name);
    if (!entry) throw new Error(`There is no function ${name}`);
    return entry;
  };
  return {
    find: (name) => {
      const entry = entries.get(name);
      return entry && { invoke: entry.pool.invoke, send: entry.asynchronous.send };
    },
    invoke: (name, event) => entryOf(name).pool.invoke(event),
    send: (name, event) => entryOf(name).asynchronous.send(event),
    workers: (name) =>
      entryOf(name)
        .pool.busy()
        .map(({ pid }) => pid),
    settings: (name) => entryOf(name).settings,
    stop: async (graceMs) => {
      for (const { asynchronous } of entries.values()) asynchronous.stop();
      await Promise.all([...entries.values()].map(({ pool }) => pool.stop(graceMs)));
    },
  };
};
