import type { Mail } from '../../core/ports.ts';
import { printable, printableLines } from '../../core/printable.ts';
import { oneLine } from './wording.ts';

/**
 * A mail as blocks. Its text and its HTML are both made from them, so that both say the same.
 * The HTML works in any client: tables for layout, styles inline, no images, no scripts, nothing fetched. Some clients cut mails
 * over 102 kB, so lists end with "and N more".
 */
export type Tone = 'good' | 'bad' | 'mixed';

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** In a fixed-width font: a command, or input for the API. */
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [string, string])[] }
  /** Problems: a title and what to do about it. */
  | { readonly kind: 'trouble'; readonly items: readonly Trouble[]; readonly more: number }
  | {
      readonly kind: 'table';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly string[])[];
      readonly more: number;
    };

export interface Trouble {
  readonly title: string;
  readonly detail: string;
  readonly note?: string;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Share of the table's width, in HTML: keeps short words whole beside long texts. */
  readonly width?: string;
}

export interface Letter {
  readonly subject: string;
  readonly tone: Tone;
  readonly title: string;
  readonly blocks: readonly Block[];
  readonly footer: readonly string[];
}

const SUBJECT_LENGTH = 150;

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

const andMore = (more: number): string => `and ${more} more`;

// ── text ────────────────────────────────────────────────────────────────────────────────────────────

const indent = (text: string, by: number): string => text.replace(/^/gm, ' '.repeat(by));

const textTable = ({ columns, rows, more }: Extract<Block, { kind: 'table' }>): string => {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, at) =>
    Math.max(...[titles, ...rows].map((row) => Array.from(row[at] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => {
        const room = ' '.repeat((widths[at] ?? 0) - Array.from(cell).length);
        return columns[at]?.align === 'right' ? room + cell : cell + room;
      })
      .join('  ')
      .trimEnd();
  const ruler = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(titles), ruler, ...rows.map(line), ...(more ? [andMore(more)] : [])].join('\n');
};

const textBlock = (block: Block): string => {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'code':
      return indent(block.text, 4);
    case 'heading':
      return `${block.text}\n${'='.repeat(Array.from(block.text).length)}`;
    case 'facts': {
      const width = Math.max(...block.facts.map(([name]) => name.length)) + 2;
      return block.facts.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`).join('\n');
    }
    case 'trouble': {
      const items = block.items.map(({ title, detail, note }) =>
        [`* ${title}`, indent(detail, 2), ...(note ? [indent(note, 2)] : [])].join('\n'),
      );
      return [...items, ...(block.more ? [andMore(block.more)] : [])].join('\n\n');
    }
    case 'table':
      return textTable(block);
  }
};

// ── HTML ────────────────────────────────────────────────────────────────────────────────────────────

const COLOURS: Readonly<Record<Tone, string>> = {
  good: '#1a7f4b',
  bad: '#b3261e',
  mixed: '#9a6700',
};
const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = "font-family:ui-monospace,Menlo,Consolas,'Courier New',monospace";
const GREY = '#5f6b7a';
const LINE = '#e3e7ec';
const TABLE = 'role="presentation" cellpadding="0" cellspacing="0" border="0"';

const htmlTable = ({ columns, rows, more }: Extract<Block, { kind: 'table' }>): string => {
  const align = (at: number) =>
    columns[at]?.align === 'right' ? ' align="right"' : ' align="left"';
  const width = (at: number) => (columns[at]?.width ? ` width="${columns[at].width}"` : '');
  const head = columns
    .map(
      ({ title }, at) =>
        `<th${align(at)}${width(at)} style="padding:4px 8px;font-size:12px;font-weight:600;color:${GREY};border-bottom:1px solid ${LINE}">${escapeHtml(title)}</th>`,
    )
    .join('');
  const body = rows
    .map((row) => {
      const cells = row.map(
        (cell, at) =>
          `<td${align(at)} valign="top" style="padding:5px 8px;border-bottom:1px solid ${LINE};word-break:break-word">${escapeHtml(cell)}</td>`,
      );
      return `<tr>${cells.join('')}</tr>`;
    })
    .join('\n');
  const rest = more
    ? `<tr><td colspan="${columns.length}" style="padding:5px 8px;color:${GREY}">${andMore(more)}</td></tr>`
    : '';
  return `<table cellpadding="0" cellspacing="0" border="0" width="100%" style="font-size:14px;border-collapse:collapse;margin:0 0 16px"><tr>${head}</tr>\n${body}${rest}</table>`;
};

const htmlFacts = (facts: readonly (readonly [string, string])[]): string => {
  const rows = facts.map(
    ([name, value]) =>
      `<tr><td valign="top" style="padding:3px 16px 3px 0;color:${GREY};white-space:nowrap">${escapeHtml(name)}</td><td style="padding:3px 0;word-break:break-word">${escapeHtml(value)}</td></tr>`,
  );
  return `<table ${TABLE} style="font-size:14px;margin:0 0 16px">${rows.join('\n')}</table>`;
};

const htmlTrouble = ({ items, more }: Extract<Block, { kind: 'trouble' }>): string => {
  const note = (text: string | undefined) =>
    text ? `<br><span style="font-size:12px;color:${GREY}">${escapeHtml(text)}</span>` : '';
  const rows = items.map(
    (item) =>
      `<tr><td style="padding:8px 12px;border-left:3px solid ${COLOURS.bad};background:#fdf4f3;word-break:break-word"><b>${escapeHtml(item.title)}</b><br>${escapeHtml(item.detail)}${note(item.note)}</td></tr><tr><td height="8"></td></tr>`,
  );
  const rest = more
    ? `<tr><td style="padding:0 12px;color:${GREY}">${andMore(more)}</td></tr>`
    : '';
  return `<table ${TABLE} width="100%" style="font-size:14px;margin:0 0 16px">${rows.join('\n')}${rest}</table>`;
};

const htmlBlock = (block: Block): string => {
  switch (block.kind) {
    case 'text':
      return `<p style="margin:0 0 16px">${escapeHtml(block.text)}</p>`;
    case 'code':
      return `<p style="margin:0 0 16px;padding:8px 12px;background:#f4f6f8;${MONO};font-size:13px;overflow-wrap:anywhere">${escapeHtml(block.text).replaceAll('\n', '<br>')}</p>`;
    case 'heading':
      return `<h2 style="margin:20px 0 8px;font-size:16px">${escapeHtml(block.text)}</h2>`;
    case 'facts':
      return htmlFacts(block.facts);
    case 'trouble':
      return htmlTrouble(block);
    case 'table':
      return htmlTable(block);
  }
};

const htmlOf = ({ subject, tone, title, blocks, footer }: Letter): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light">
<title>${escapeHtml(subject)}</title>
</head>
<body style="margin:0;padding:0;background:#f4f6f8">
<table ${TABLE} width="100%" style="background:#f4f6f8"><tr><td align="center" style="padding:24px 12px">
<table ${TABLE} width="640" style="width:100%;max-width:640px;background:#ffffff;border:1px solid ${LINE}">
<tr><td style="padding:18px 24px;background:${COLOURS[tone]};color:#ffffff;${FONT};font-size:20px;line-height:1.3;font-weight:600;word-break:break-word">${escapeHtml(title)}</td></tr>
<tr><td style="padding:20px 24px 8px;${FONT};font-size:15px;line-height:1.5;color:#1d2530">
${blocks.map(htmlBlock).join('\n')}
</td></tr>
<tr><td style="padding:12px 24px 20px;border-top:1px solid ${LINE};${FONT};font-size:12px;line-height:1.5;color:${GREY};word-break:break-word">${footer.map(escapeHtml).join('<br>')}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`;

/** Makes hidden characters of a letter's parts visible; only code keeps its line breaks. */
const shownBlock = (block: Block): Block => {
  switch (block.kind) {
    case 'text':
    case 'heading':
      return { ...block, text: printable(block.text) };
    case 'code':
      return { ...block, text: printableLines(block.text) };
    case 'facts':
      return {
        ...block,
        facts: block.facts.map(([name, value]) => [printable(name), printable(value)]),
      };
    case 'trouble':
      return {
        ...block,
        items: block.items.map(({ title, detail, note }) => ({
          title: printable(title),
          detail: printable(detail),
          ...(note !== undefined && { note: printable(note) }),
        })),
      };
    case 'table':
      return { ...block, rows: block.rows.map((row) => row.map(printable)) };
  }
};

const shown = (letter: Letter): Letter => ({
  ...letter,
  title: printable(letter.title),
  blocks: letter.blocks.map(shownBlock),
  footer: letter.footer.map(printable),
});

/** The letter as a mail: subject on one line, text, HTML. */
export const mailOf = (given: Letter): Mail => {
  const letter = shown(given);
  const { title, blocks, footer } = letter;
  const subject = oneLine(letter.subject, SUBJECT_LENGTH);
  const text = [title, ...blocks.map(textBlock), `--\n${footer.join('\n')}`].join('\n\n');
  return { subject, text: `${text}\n`, html: htmlOf({ ...letter, subject }) };
};
