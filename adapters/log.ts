import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../core/ports.ts';
import { printableLines } from '../core/printable.ts';

/** A log, with Powertools' logger for the middleware that adds the invocation's context to each line. */
export interface LambdaLog extends Log {
  readonly logger: Logger;
}

/** Structured lines on standard output, through Powertools. `POWERTOOLS_LOG_LEVEL` sets the level. */
export const makeLog = (service: string): LambdaLog => {
  // JSON escapes line feeds; other invisible characters are escaped here, because people read the lines in terminals.
  const logger = new Logger({
    serviceName: service,
    jsonReplacerFn: (_, value) => (typeof value === 'string' ? printableLines(value) : value),
  });
  return {
    logger,
    info: (message, facts = {}) => logger.info(message, facts),
    warn: (message, facts = {}) => logger.warn(message, facts),
    error: (message, facts = {}) => logger.error(message, facts),
  };
};
