import { registerHooks } from 'node:module';
import { openApi } from '../../functions/api/openapi.ts';

/**
 * bin/cli/openapi.gen.ts: the types of the API, from its OpenAPI document. openapi-typescript builds them with the classes of
 * TypeScript 5, which TypeScript 7 does not have; so it gets the package `typescript-5`.
 */
const GENERATOR = '/openapi-typescript/';
const HEAD = `/** Made by \`npm run docs\` from the OpenAPI document. */\n`;

const withTypeScript5 = async <T>(work: () => Promise<T>): Promise<T> => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(
        specifier === 'typescript' && context.parentURL?.includes(GENERATOR)
          ? 'typescript-5'
          : specifier,
        context,
      ),
  });
  try {
    return await work();
  } finally {
    hooks.deregister();
  }
};

export const clientTypes = (): Promise<string> =>
  withTypeScript5(async () => {
    const { default: generate, astToString } = await import('openapi-typescript');
    const document = JSON.stringify(openApi(''));
    return HEAD + astToString(await generate(document, { exportType: false }));
  });
