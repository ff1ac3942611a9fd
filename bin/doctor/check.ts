import { printable } from '../../core/printable.ts';
import { EXIT } from '../usage.ts';

/** What a check came to. `unknown`: it could not be made here, which is no failure. */
export type Result = 'ok' | 'warning' | 'failed' | 'unknown';

export interface Finding {
  /** What was looked at, in a word or two. */
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

/** Makes a check. What AWS answers otherwise is a finding as well: a right that is missing makes it unknown. */
export const made = async (check: string, work: Check): Promise<readonly Finding[]> => {
  try {
    return await work();
  } catch (error) {
    const says = saysOf(error);
    return error instanceof Error && DENIED.test(error.name)
      ? [{ check, result: 'unknown', says, todo: 'run it as somebody who may look' }]
      : [{ check, result: 'failed', says }];
  }
};

export const notLocally = (check: string): readonly Finding[] => [
  { check, result: 'unknown', says: 'not known locally' },
];

/** The exit status: what is warned of or unknown fails nothing. */
export const statusOf = (findings: readonly Finding[]): number =>
  findings.some(({ result }) => result === 'failed') ? EXIT.failed : EXIT.fine;

const WORDS: Readonly<Record<Result, string>> = {
  ok: 'ok      ',
  warning: 'warning ',
  failed: 'FAILED  ',
  unknown: 'unknown ',
};

/** One line a finding; the texts may hold what AWS or a database says. */
export const lineOf = ({ check, result, says, todo }: Finding): string =>
  `${WORDS[result]} ${printable(`${check}: ${says}`)}${todo === undefined ? '' : `. ${printable(`To do: ${todo}`)}`}`;
