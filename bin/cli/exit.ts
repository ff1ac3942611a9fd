/** Exit statuses of every command. Programs may rely on them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  timedOut: 5,
  interrupted: 130,
} as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for people and its exit status. */
export class CommandFailed extends Error {
  readonly status: ExitStatus;

  constructor(message: string, status: ExitStatus = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandFailed';
    this.status = status;
  }
}
