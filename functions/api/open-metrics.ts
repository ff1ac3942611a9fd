import { printable } from '../../core/printable.ts';

/**
 * Metrics as text in the form of OpenMetrics 1.0.
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A family of gauges. */
export interface Family {
  /** With its unit at the end, if it has one. */
  readonly name: string;
  readonly unit?: 'seconds' | 'bytes';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Hidden characters of a tenant's names are escaped first, so that no value can begin a line. */
const escaped = (text: string): string =>
  printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const labelsText = (labels: Readonly<Record<string, string>> = {}): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length ? `{${pairs.join(',')}}` : '';
};

const familyText = ({ name, unit, help, samples }: Family): string[] => [
  `# TYPE ${name} gauge`,
  ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
  `# HELP ${name} ${escaped(help)}`,
  ...samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}`),
];

export const openMetricsText = (families: readonly Family[]): string =>
  `${[...families.flatMap(familyText), '# EOF'].join('\n')}\n`;
