import { type Command, InvalidArgumentError } from 'commander';
import type { ApiClient } from './api-client.ts';
import { type ConnectOptions, connect } from './connect.ts';
import type { ExitStatus } from './exit.ts';
import { makeOutput, type Output } from './output.ts';

/** The context of each command. */
export interface Session {
  readonly api: ApiClient;
  readonly output: Output;
  readonly signal: AbortSignal;
}

interface GlobalOptions extends ConnectOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Runs a command and returns its exit status. */
type Work<O> = (session: Session, options: O, args: readonly string[]) => Promise<ExitStatus>;

/** State of one process: the exit status that commands set, and the signal that stops them. */
export interface Running {
  readonly signal: AbortSignal;
  status: ExitStatus;
}

/**
 * An action for commander: connects, prints which API it uses, and runs the command. Commander passes a command's arguments, its
 * options and the command itself.
 * @param O the command's own options, as its `.option()` calls make them
 */
export const acting =
  <O>(running: Running, work: Work<O>) =>
  async (...given: readonly unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const args = command.processedArgs.flat().filter((one) => one !== undefined) as string[];
    const options = command.optsWithGlobals<GlobalOptions & O>();
    const output = makeOutput(options);
    const api = await connect(options, running.signal);
    if (!output.isJson) output.note(`Using ${api.name}.`);
    running.status = await work({ api, output, signal: running.signal }, options, args);
  };

/** For options that are whole numbers above 0. @throws InvalidArgumentError */
export const positiveInteger = (text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a whole number above 0.');
};
