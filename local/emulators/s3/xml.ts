/** The subset of XML that S3 uses: elements without attributes. */
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char).replace(/\r/g, '&#13;');

export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

const element = (name: string, value: XmlValue): string => {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((one: XmlValue) => element(name, one)).join('');
  if (typeof value === 'object') {
    const members = Object.entries(value).map(([key, one]) => element(key, one));
    return `<${name}>${members.join('')}</${name}>`;
  }
  return `<${name}>${escaped(String(value))}</${name}>`;
};

/** A document; a list becomes one element for each of its items. */
export const xml = (root: string, content: XmlValue): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}`;

const unescaped = (text: string): string =>
  text
    .replace(/&#x([0-9a-fA-F]+);/g, (_, hex: string) =>
      String.fromCodePoint(Number.parseInt(hex, 16)),
    )
    .replace(/&#(\d+);/g, (_, decimal: string) => String.fromCodePoint(Number(decimal)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&');

/** The raw contents of each element of that name. */
export const elements = (text: string, name: string): string[] =>
  Array.from(
    text.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g')),
    ([, inner]) => inner ?? '',
  );

/** The text of the first element of that name. */
export const textOf = (text: string, name: string): string | undefined => {
  const [inner] = elements(text, name);
  return inner === undefined ? undefined : unescaped(inner);
};
