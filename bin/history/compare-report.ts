import { STATUSES } from '../../core/backup.ts';
import { printableJson } from '../../core/printable.ts';
import { bytesText, countLines, countText } from '../words.ts';
import { type Comparison, DIFFERENCES, type Finding, MEANINGS } from './findings.ts';
import { LISTED_AT_MOST, lineOf, moreText, type Names, whereText } from './report.ts';

/** The result of a comparison, for people and for programs. */
const countOf = (findings: readonly Finding[]) =>
  DIFFERENCES.map((kind) => ({
    kind,
    findings: findings.filter((finding) => finding.kind === kind),
  })).filter((one) => one.findings.length);

export const compareText = (names: Names, comparison: Comparison): string => {
  const { vault, history, same, findings } = comparison;
  const kinds = countOf(findings);
  const rows = STATUSES.filter((status) => history.rows[status]).map(
    (status) => `${countText(history.rows[status])} ${status}`,
  );
  const both = [
    `Vault     ${whereText(names.bucket)}: ${countText(vault.projects)} projects, ${countText(vault.objects)} backups (${bytesText(vault.bytes)}), ${countText(vault.manifests)} manifests`,
    `History   ${whereText(names.table)}: ${countText(history.projects)} projects, rows: ${rows.join(', ') || 'none'}`,
  ];
  const counts = countLines([
    ['completed backups that are in both and agree', same],
    ...kinds.map((one) => [MEANINGS[one.kind].title, one.findings.length] as const),
  ]);
  const lists = kinds.flatMap((one) => [
    '',
    `${MEANINGS[one.kind].title}:`,
    ...one.findings.slice(0, LISTED_AT_MOST).map(lineOf),
    ...moreText(one.findings.length),
  ]);
  const next = kinds.length
    ? ['', 'Next', ...kinds.map((one) => `  - ${MEANINGS[one.kind].next}`)]
    : ['', 'No difference.'];
  return [...both, '', ...counts, ...lists, ...next].join('\n');
};

export const compareJson = (names: Names, { findings, ...tally }: Comparison): string => {
  const differences = Object.fromEntries(
    countOf(findings).map((one) => [one.kind, one.findings.length]),
  );
  return printableJson({ ...names, ...tally, differences, findings }, 2);
};
