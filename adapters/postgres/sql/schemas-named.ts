const COMMENT = /--[^\n]*|\/\*[\s\S]*?\*\//g;
/** A name and the dot after it; not a name that is itself after a dot, as in `a.b.c`. */
const BEFORE_DOT =
  /(?<![\p{L}\p{N}_$".])(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))\s*\.(?!\.)/gu;
const IN_LIST = /"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*)/gu;

/** Names as PostgreSQL reads them: unquoted ones in lower case. */
const namesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, quotedName, plain = '']) =>
    quotedName === undefined ? plain.toLowerCase() : quotedName.replaceAll('""', '"'),
  );

interface Code {
  readonly body: string;
  readonly path: string;
}

/** Words of one function's text that stand where a schema's name may. */
export const wordsOfSchemas = ({ body, path }: Code): string[] => [
  ...new Set([
    ...namesIn(body.replace(COMMENT, ' '), BEFORE_DOT),
    ...namesIn(path.slice(path.indexOf('=') + 1), IN_LIST),
  ]),
];

/** The schemas among `schemas` that one function's text seems to name. */
export const schemasNamed = (code: Code, schemas: ReadonlySet<string>): string[] =>
  wordsOfSchemas(code)
    .filter((word) => schemas.has(word))
    .sort();
