/** The command line asks for something that there is not. */
export class BadUsage extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'BadUsage';
  }
}

/** What a command came to, as the process's exit status says it. */
export const EXIT = { fine: 0, differences: 1, failed: 1, usage: 2, interrupted: 130 } as const;
