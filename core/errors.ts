/**
 * All named errors of Larder, for code that must know all of them. Code that throws or expects only some of them imports
 * them from the file of their subject.
 */
export { describeError, failureFacts, isRetryable, LarderError, quoted } from './errors/base.ts';
export * from './errors/dump.ts';
export * from './errors/mail.ts';
export * from './errors/planning.ts';
export * from './errors/request.ts';
export * from './errors/restore.ts';
export * from './errors/schema.ts';
export * from './errors/source.ts';
export * from './errors/vault.ts';
export * from './errors/verification.ts';
export * from './errors/work.ts';
