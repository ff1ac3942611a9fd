/** The command line asks for something that does not exist. */
export class BadUsage extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'BadUsage';
  }
}

/** The outcome of a command as the process's exit status. */
export const EXIT = { fine: 0, differences: 1, failed: 1, usage: 2, interrupted: 130 } as const;
