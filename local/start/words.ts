import path from 'node:path';

/** Numbers and names in the form that the terminal shows. */
export const bytesText = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
};

export const secondsText = (ms: number): string =>
  ms < 100_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;

export const countText = (count: number): string => count.toLocaleString('en-US');

const unlikeOption = (file: string): string => (file.startsWith('-') ? `./${file}` : file);

/** A file's path, relative if it is near the current folder, absolute otherwise. */
export const fileName = (file: string): string => {
  const near = path.relative(process.cwd(), file);
  return near.startsWith('..') ? path.resolve(file) : near ? unlikeOption(near) : '.';
};
