import { printable } from '../../core/printable.ts';

/** Names from a customer's database, in Markdown and in a shell: whatever they hold, they stay what they are. */
export const lines = (...all: readonly string[]): string => all.join('\n');

/** In a sentence or a table's cell: one line, as code, whatever backquotes and bars it holds. */
export const inline = (text: string): string => {
  const line = printable(text).replaceAll('|', '\\|').trim();
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

/**
 * A here-document without any expansion; `mark` ends it, and is lengthened until no line of the text is it. Names in the text are
 * printed ones (core/printed-sql.ts): pasted into a terminal, a control character would end the here-document.
 */
export const heredoc = (text: string, mark: string): string => {
  let end = mark;
  while (text.split('\n').includes(end)) end += '_';
  return lines(`<<'${end}'`, text, end);
};
