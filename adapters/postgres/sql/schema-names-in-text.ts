import { schemasNamed } from './schemas-named.ts';

/**
 * Whether a piece of text names a schema, and whether it would write if it were SQL. Both are guesses from words: nothing
 * here parses SQL.
 */
const PLAIN = /^[a-z_][a-z0-9_$]*$/;
const COMMENT = /--[^\n]*|\/\*[\s\S]*?\*\//g;
const INNER_STRING = /'((?:[^']|'')*)'/g;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const patternOf = (schema: string): RegExp => {
  const quoted = escaped(`"${schema.replaceAll('"', '""')}"`);
  const bare = `(?<![\\p{L}\\p{N}_$"])${escaped(schema)}(?![\\p{L}\\p{N}_$"])`;
  return new RegExp(`${quoted}|${bare}`, PLAIN.test(schema) ? 'iu' : 'u');
};

export interface SchemaNames {
  /** True for a string constant that contains one of the names as a word. */
  inString(text: string): boolean;
  /** True for a function's body that has one of the names before a dot, or in a string constant. */
  inBody(body: string): boolean;
}

export const schemaNames = (schemas: readonly string[]): SchemaNames => {
  const patterns = schemas.map(patternOf);
  const names = new Set(schemas);
  const inString = (text: string): boolean => patterns.some((pattern) => pattern.test(text));
  return {
    inString,
    inBody: (body) => {
      if (!inString(body)) return false;
      if (schemasNamed({ body, path: '' }, names).length) return true;
      const strings = body.replace(COMMENT, ' ').matchAll(INNER_STRING);
      return [...strings].some(([, text = '']) => inString(text));
    },
  };
};

const WRITES =
  /\b(insert\s+into|update\s|delete\s+from|merge\s+into|truncate\s|copy\s|create\s|alter\s|drop\s|grant\s|revoke\s|refresh\s|nextval|setval|lo_\w+|dblink\w*)/i;

/** True for SQL, or code that contains SQL, with a statement or a call that changes something. */
export const writesIn = (text: string): boolean => WRITES.test(text.replace(COMMENT, ' '));

/** Built-in functions that change something. */
export const isWritingCall = (name: string): boolean => /^(nextval|setval|lo_\w+)$/.test(name);

/** Words that may be names, in lower case. */
export const wordsIn = (text: string): ReadonlySet<string> =>
  new Set(text.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu));
