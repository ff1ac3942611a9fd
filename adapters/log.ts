import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../core/ports.ts';

/** Structured lines on standard output, through Powertools. `POWERTOOLS_LOG_LEVEL` sets the level. */
export const makeLog = (service: string): Log => {
  const logger = new Logger({ serviceName: service });
  return {
    info: (message, facts = {}) => logger.info(message, facts),
    warn: (message, facts = {}) => logger.warn(message, facts),
    error: (message, facts = {}) => logger.error(message, facts),
  };
};
