/**
 * Checks a text against the grammar of OpenMetrics 1.0, as far as it concerns gauges, and returns its samples. The rules are those of the
 * specification's ABNF and of its section on the text format.
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const ESCAPED = String.raw`(?:[^\n"\\]|\\["\\n])*`;
const LABEL = `([a-zA-Z_][a-zA-Z0-9_]*)="(${ESCAPED})"`;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)\\})? ([^ ]+)$`);
const METADATA = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`);
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

const unescaped = (text: string): string =>
  text.replace(/\\(["\\n])/g, (_, character: string) => (character === 'n' ? '\n' : character));

const labelsOf = (text: string | undefined): Record<string, string> => {
  const pairs = [...(text ?? '').matchAll(new RegExp(LABEL, 'g'))];
  const labels = Object.fromEntries(pairs.map(([, name, value = '']) => [name, unescaped(value)]));
  if (Object.keys(labels).length !== pairs.length) throw new Error(`a label twice: ${text}`);
  return labels;
};

/** @throws Error with the line that breaks a rule */
export const readOpenMetrics = (text: string): MetricSample[] => {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.pop() !== '# EOF') throw new Error('it must end with "# EOF\\n"');
  const samples: MetricSample[] = [];
  const families = new Set<string>();
  const series = new Set<string>();
  let family = '';
  let said = new Set<string>();
  for (const line of lines) {
    const metadata = METADATA.exec(line);
    if (metadata) {
      const [, keyword = '', name = '', value = ''] = metadata;
      if (name !== family) {
        if (families.has(name)) throw new Error(`families may not interleave: ${line}`);
        families.add(name);
        family = name;
        said = new Set();
      }
      if (said.has(keyword) || said.has('sample')) throw new Error(`out of order: ${line}`);
      said.add(keyword);
      if (keyword === 'TYPE' && value !== 'gauge') throw new Error(`another type: ${line}`);
      if (keyword === 'UNIT' && !name.endsWith(`_${value}`))
        throw new Error(`the name must end with the unit: ${line}`);
      if (keyword === 'HELP' && /\\(?![\\n"])/.test(value)) throw new Error(`bad escape: ${line}`);
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (!sample) throw new Error(`no line of OpenMetrics: ${JSON.stringify(line)}`);
    const [, name = '', labels] = sample;
    const value = sample.at(-1) ?? '';
    if (name !== family) throw new Error(`a sample outside of its family: ${line}`);
    if (!NUMBER.test(value)) throw new Error(`no number: ${line}`);
    const one = { name, labels: labelsOf(labels), value: Number(value) };
    const key = JSON.stringify([name, Object.entries(one.labels).sort()]);
    if (series.has(key)) throw new Error(`a series twice: ${line}`);
    series.add(key);
    said.add('sample');
    samples.push(one);
  }
  return samples;
};
