import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { REQUEST_BODIES } from '../../../core/requests.ts';
import { ROUTES } from '../../../core/routes.ts';
import { ANSWERS, openApi } from '../../../functions/api/openapi.ts';
import { problemDetails } from '../../../functions/api/problems.ts';

interface Media {
  readonly schema?: unknown;
  readonly example?: unknown;
}
type Content = Readonly<Record<string, Media>>;
interface Operation {
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

const document = openApi('/prod');
const operationOf = ({ path, method }: { path: string; method: string }): Operation => {
  const paths = document.paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  const found = paths[path]?.[method.toLowerCase()];
  if (!found) throw new Error(`there is no ${method} ${path}`);
  return found;
};

test('the document is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(document));
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

test('every reference of the document leads to a schema of it', () => {
  const text = JSON.stringify(document);
  const components = document.components as { readonly schemas: Readonly<Record<string, unknown>> };
  const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
  expect(refs.length).toBeGreaterThan(10);
  for (const ref of refs) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(ref)?.[1] ?? ref;
    expect(components.schemas).toHaveProperty(name);
  }
});

test.each(ROUTES.map((route) => [route.id, route] as const))(
  '%s has examples that its own schemas accept',
  (id, route) => {
    const operation = operationOf(route);
    const { status, schema, media } = ANSWERS[id];
    const content = operation.responses[status]?.content ?? {};
    expect(Object.keys(content)).toEqual([media ?? 'application/json']);
    if (!media)
      expect(schema.safeParse(content['application/json']?.example).error).toBeUndefined();
    const body = 'body' in route ? route.body : undefined;
    const sent = operation.requestBody?.content['application/json']?.example;
    if (body) expect(REQUEST_BODIES[body].safeParse(sent).error).toBeUndefined();
    else expect(operation.requestBody).toBeUndefined();
  },
);

test('an answer may gain fields: no schema of one forbids others', () => {
  for (const { id, ...route } of ROUTES)
    for (const [code, { content }] of Object.entries(operationOf(route).responses))
      expect(JSON.stringify(content ?? {}), `${id} ${code}`).not.toContain(
        'additionalProperties":false',
      );
  expect(problemDetails.shape).toHaveProperty('code');
});
