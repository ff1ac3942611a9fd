import { printable } from '../../core/printable.ts';

/** Names from a customer's database, for Markdown and for a shell: no name can act as markup or as a command. */
export const lines = (...all: readonly string[]): string => all.join('\n');

/** For a sentence or a table's cell: one line, as code, also if the text has backquotes and bars. */
export const inline = (text: string): string => {
  const line = printable(text).replaceAll('|', '\\|').trim();
  const longest = Math.max(0, ...Array.from(line.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const room = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return line === '' ? '(empty)' : `${fence}${room}${line}${room}${fence}`;
};

/** A block of code that no text in it can end. */
export const fenced = (code: string, language: string): string => {
  const longest = Math.max(2, ...Array.from(code.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return lines(`${fence}${language}`, code, fence);
};

/**
 * A here-document without expansion. `mark` ends it, and is lengthened until no line of the text equals it. Names in the text are
 * printed ones (core/printed-sql.ts): when pasted into a terminal, a control character would end the here-document.
 */
export const heredoc = (text: string, mark: string): string => {
  let end = mark;
  while (text.split('\n').includes(end)) end += '_';
  return lines(`<<'${end}'`, text, end);
};
