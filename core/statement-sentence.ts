/** Sentences about a statement of a backup that a server refused. */

/** A function of the backup names objects without their schema, and a restore has an empty search_path. */
export interface StatementAdvice {
  readonly kind: 'set-search-path';
  readonly routine: string;
  /** The backup's schema. */
  readonly schema?: string;
}

/** Continues the sentence about why the statement was refused. */
export const adviceOn = ({ routine, schema }: StatementAdvice): string => {
  const path =
    schema === undefined ? 'the schemas that it needs' : `"${schema.replaceAll('"', '""')}"`;
  return (
    `. Its function ${routine} uses names without their schema, and a restore has an empty search_path: at the source, run ` +
    `ALTER ROUTINE ${routine} SET search_path = ${path}, pg_temp (add other schemas that it needs), then back up again`
  );
};

/** The server's message, with the advice if there is any. */
export const whyRefused = (why: string, advice?: StatementAdvice): string =>
  `${why}${advice ? adviceOn(advice) : ''}`;

interface Refused {
  readonly object: string;
  readonly why: string;
  readonly advice?: StatementAdvice;
  /** What the reader can do, as a sentence. */
  readonly next?: string;
}

export const refusedStatement = ({ object, why, advice, next }: Refused): string =>
  `The server refused ${object}: ${whyRefused(why, advice)}. Nothing was restored.${next === undefined ? '' : ` ${next}`}`;
