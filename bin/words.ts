/** Numbers, names and tables in the form that the terminal shows. */
export const countText = (count: number): string => count.toLocaleString('en-US');

export const bytesText = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
};

/** Counts in a right-aligned column, with their labels. */
export const countLines = (rows: readonly (readonly [string, number | string])[]): string[] => {
  const names = Math.max(...rows.map(([name]) => name.length));
  const values = rows.map(([, value]) => (typeof value === 'number' ? countText(value) : value));
  const width = Math.max(...values.map(({ length }) => length));
  return rows.map(
    ([name], index) => `  ${name.padEnd(names)}  ${(values[index] ?? '').padStart(width)}`,
  );
};
