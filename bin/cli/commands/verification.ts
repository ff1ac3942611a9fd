import type { Session } from '../command.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { follow, leftText, type Step, waitText } from '../follow.ts';
import { factsText, listText } from '../output.ts';
import { backupPath } from '../paths.ts';
import * as shown from '../shown.ts';
import { bytesText, countText, durationText } from '../words.ts';

const STEPS: Readonly<Record<string, string>> = { loading: 'restores rows', comparing: 'compares' };

const stepOf = ({ status, progress, queue }: shown.Verification): Step => {
  if (!progress) return { text: status === 'pending' ? waitText(queue) : 'starts' };
  const { step, bytesRead, bytesTotal } = progress;
  return {
    share: (progress.percent ?? 0) / 100,
    text: `${STEPS[step] ?? step}  ${bytesText(bytesRead)} of ${bytesText(bytesTotal)}${leftText(progress)}`,
  };
};

const OPEN: readonly string[] = ['pending', 'in-progress'];

export const watchVerification = (
  session: Session,
  { projectId, backupId, id }: shown.Verification,
  timeoutSeconds?: number,
): Promise<shown.Verification> =>
  follow(session, {
    read: (wait) =>
      session.api.json(
        {
          method: 'GET',
          path: `${backupPath(projectId, backupId)}/verifications/${id}`,
          query: { wait },
        },
        shown.verification,
      ),
    isFinal: ({ status }) => !OPEN.includes(status),
    stepOf,
    what: `Verification ${id}`,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  });

const textOf = ({
  id,
  backupId,
  status,
  compare,
  result,
  error,
  durationMs,
}: shown.Verification): string =>
  [
    factsText([
      ['verification', id],
      ['backup', backupId],
      ['result', result?.verdict ?? status],
      ['why', result?.why ?? (error && `${error.name}: ${error.message}`)],
      ['compared', compare],
      ['took', durationMs === undefined ? undefined : durationText(durationMs)],
      [
        'checked',
        result &&
          `${countText(result.checked.tables)} tables, ${countText(result.checked.rows)} rows, ${countText(result.checked.objects)} objects`,
      ],
    ]),
    ...listText('Differences', result?.differences ?? []),
    ...listText('Not compared', result?.notChecked ?? []),
  ].join('\n');

/** Exit status 1 for a verification that ended without verifying the backup. */
export const showVerification = ({ output }: Session, one: shown.Verification): ExitStatus => {
  if (output.isJson) output.json(one);
  else output.result(textOf(one));
  if (OPEN.includes(one.status)) return EXIT.done;
  return one.result?.verdict === 'verified' ? EXIT.done : EXIT.failed;
};
