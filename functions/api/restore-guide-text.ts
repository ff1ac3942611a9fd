/** Names from a customer's database, in Markdown and in a shell: whatever they hold, they stay what they are. */
export const lines = (...all: readonly string[]): string => all.join('\n');

/** What can't be seen, or would begin a new line. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** In a sentence or a table's cell: one line, as code, whatever backquotes and bars it holds. */
export const inline = (text: string): string => {
  const line = text.replace(UNSEEN, '\u{FFFD}').replaceAll('|', '\\|').trim();
  const longest = Math.max(0, ...Array.from(line.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const room = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return line === '' ? '(empty)' : `${fence}${room}${line}${room}${fence}`;
};

/** A block of code that nothing in it can end. */
export const fenced = (code: string, language: string): string => {
  const longest = Math.max(2, ...Array.from(code.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return lines(`${fence}${language}`, code, fence);
};

/** One word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** A here-document without any expansion; `mark` ends it, and is lengthened until no line of the text is it. */
export const heredoc = (text: string, mark: string): string => {
  let end = mark;
  while (text.split('\n').includes(end)) end += '_';
  return lines(`<<'${end}'`, text, end);
};

/** An SQL identifier as it is, whatever it holds. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An SQL string as it is, whatever it holds and however the server reads backslashes. */
export const literal = (text: string): string =>
  text.includes('\\')
    ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
