/** An SQL identifier as it is, whatever it holds: quoted, with quotes doubled. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const qualified = (schema: string, name: string): string =>
  `${identifier(schema)}.${identifier(name)}`;

/** A value of a libpq connection string: quoted, with backslashes and quotes escaped. */
export const conninfoValue = (value: string): string =>
  `'${value.replace(/[\\']/g, (char) => `\\${char}`)}'`;
