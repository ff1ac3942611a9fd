import { apiPage } from './api-page.ts';
import { clientTypes } from './client-types.ts';
import { errorsPage } from './errors-page.ts';

/** Files of the repository that are made from the code: path from its root, and what makes the content. */
export const GENERATED: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/errors.md': errorsPage,
  'docs/api.md': apiPage,
  'bin/cli/openapi.gen.ts': clientTypes,
};
