import { printable } from '../../core/printable.ts';
import { EXIT } from '../usage.ts';

/** The result of a check. `unknown`: the check could not run here, which is no failure. */
export type Result = 'ok' | 'warning' | 'failed' | 'unknown';

export interface Finding {
  /** The subject in a word or two. */
  readonly check: string;
  readonly result: Result;
  readonly says: string;
  /** What to do about it. */
  readonly todo?: string;
}

export type Check = () => Promise<readonly Finding[]>;

const DENIED = /AccessDenied|Unauthorized|NotAuthorized|AuthorizationError/;

const saysOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const [line = ''] = error.message.split('\n');
  return line ? `${error.name}: ${line}` : error.name;
};

/** Runs a check. An unexpected answer of AWS is also a finding: a missing permission makes the result unknown. */
export const made = async (check: string, work: Check): Promise<readonly Finding[]> => {
  try {
    return await work();
  } catch (error) {
    const says = saysOf(error);
    return error instanceof Error && DENIED.test(error.name)
      ? [{ check, result: 'unknown', says, todo: 'run it with credentials that may read this' }]
      : [{ check, result: 'failed', says }];
  }
};

export const notLocally = (check: string): readonly Finding[] => [
  { check, result: 'unknown', says: 'not known locally' },
];

/** The exit status: warnings and unknown results do not fail. */
export const statusOf = (findings: readonly Finding[]): number =>
  findings.some(({ result }) => result === 'failed') ? EXIT.failed : EXIT.fine;

const WORDS: Readonly<Record<Result, string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  failed: 'FAILED  ',
  unknown: 'unknown ',
};

/** One line for each finding; the texts may contain messages of AWS or of a database. */
export const lineOf = ({ check, result, says, todo }: Finding): string =>
  `${WORDS[result]} ${printable(`${check}: ${says}`)}${todo === undefined ? '' : `. ${printable(`To do: ${todo}`)}`}`;
