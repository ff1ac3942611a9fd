/** The part that the tests use; trees are read as data of no known form. */
declare module 'libpg-query' {
  export const parse: (
    sql: string,
  ) => Promise<{ readonly stmts?: readonly { readonly stmt?: object }[] }>;
}
