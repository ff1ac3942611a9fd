/**
 * Replaces every sentence by another while `rewritten` is on: code that compares, cuts or searches a sentence then decides otherwise. A
 * test mocks the modules that make sentences with `rewriting`, and the base of the errors with `rewritingErrors`.
 */
export const sentences = { rewritten: false };

const OTHER = 'Lorem ipsum dolor sit amet';

/** The module with functions that all return the same other sentence. */
export const rewriting = async <T extends object>(original: () => Promise<T>): Promise<T> => {
  const module = await original();
  const rewrite = (_: unknown, result: unknown): unknown =>
    sentences.rewritten && typeof result === 'string' ? OTHER : result;
  return Object.fromEntries(
    Object.entries(module).map(([name, value]) => [
      name,
      typeof value === 'function'
        ? (...given: unknown[]) => rewrite(name, Reflect.apply(value, undefined, given))
        : value,
    ]),
  ) as T;
};

type Base = typeof import('../../core/errors/base.ts');

/** core/errors/base.ts with errors that all have the same message. */
export const rewritingErrors = async (original: () => Promise<Base>): Promise<Base> => {
  const real = await original();
  const said = (message: string): string => (sentences.rewritten ? OTHER : message);
  abstract class Permanent extends real.Permanent {
    constructor(message: string, options?: { cause?: unknown }) {
      super(said(message), options);
    }
  }
  abstract class Retryable extends real.Retryable {
    constructor(message: string, options?: { cause?: unknown }) {
      super(said(message), options);
    }
  }
  return { ...real, Permanent, Retryable };
};

/** The results of `act` with the real sentences, and with others. */
export const withBoth = async <T>(act: () => Promise<T> | T): Promise<readonly [T, T]> => {
  const usual = await act();
  sentences.rewritten = true;
  try {
    return [usual, await act()];
  } finally {
    sentences.rewritten = false;
  }
};

export const isRewritten = (text: string): boolean => text.includes(OTHER);
