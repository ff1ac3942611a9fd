import { STATUS_CODES } from 'node:http';
import { REQUEST_BODIES } from '../../core/requests.ts';
import { openApi } from '../../functions/api/openapi.ts';
import { exampleOf } from '../../functions/api/openapi-examples.ts';

/** docs/api.md: every route, its parameters, its body, its answer with an example. */
type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectIn = (value: unknown, key: string): Json => {
  const member = isObject(value) ? value[key] : undefined;
  return isObject(member) ? member : {};
};
const listIn = (value: unknown, key: string): readonly unknown[] => {
  const member = isObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member : [];
};
const textIn = (value: unknown, key: string): string => {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === 'string' ? member : '';
};

const nameOf = (schema: Json): string => textIn(schema, '$ref').split('/').at(-1) ?? '';

/** A type in a few words: `text`, `list of Backup`, `"a" or "b"`. */
const typeText = (schema: Json): string => {
  if (schema.$ref) return `[${nameOf(schema)}](#${nameOf(schema).toLowerCase()})`;
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (Array.isArray(schema.enum))
    return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(', ');
  const forms = [...listIn(schema, 'anyOf'), ...listIn(schema, 'oneOf')].filter(isObject);
  if (forms.length) return forms.map(typeText).join(' or ');
  if (schema.type === 'array') return `list of ${typeText(objectIn(schema, 'items'))}`;
  if (schema.type === 'string') return textIn(schema, 'format') || 'text';
  if (schema.type === 'object') return 'object';
  return typeof schema.type === 'string' ? schema.type : 'any';
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A row for each member; members of objects and of lists of objects follow with their path. */
const rowsOf = (schema: Json, before = ''): string[] => {
  const required = listIn(schema, 'required');
  return Object.entries(objectIn(schema, 'properties')).flatMap(([name, given]) => {
    if (!isObject(given)) return [];
    const path = `${before}${name}`;
    const inner = given.type === 'array' ? objectIn(given, 'items') : given;
    const facts = [
      required.includes(name) ? '' : 'optional',
      given.deprecated ? 'deprecated' : '',
      given.default === undefined ? '' : `default \`${JSON.stringify(given.default)}\``,
      textIn(given, 'description'),
    ].filter(Boolean);
    return [
      `| \`${path}\` | ${cell(typeText(given))} | ${cell(facts.join('. '))} |`,
      ...(inner.$ref ? [] : rowsOf(inner, given.type === 'array' ? `${path}[].` : `${path}.`)),
    ];
  });
};

const tableOf = (schema: Json): string[] => {
  const rows = rowsOf(schema);
  return rows.length ? ['| field | type | |', '| --- | --- | --- |', ...rows, ''] : [];
};

const exampleText = (content: Json): string[] =>
  content.example === undefined
    ? []
    : ['```json', JSON.stringify(content.example, null, 2), '```', ''];

const parameterText = (operation: Json): string[] => {
  const shown = listIn(operation, 'parameters')
    .filter(isObject)
    .filter((one) => one.in !== 'path');
  if (shown.length === 0) return [];
  return [
    '| parameter | in | |',
    '| --- | --- | --- |',
    ...shown.map(
      (one) =>
        `| \`${textIn(one, 'name')}\` | ${textIn(one, 'in')} | ${cell(textIn(one, 'description'))} |`,
    ),
    '',
  ];
};

const bodyText = (operation: Json): string[] => {
  const content = objectIn(
    objectIn(objectIn(operation, 'requestBody'), 'content'),
    'application/json',
  );
  const schema = objectIn(content, 'schema');
  return schema.$ref
    ? [`Body: ${typeText(schema)}, which may be left out.`, '', ...exampleText(content)]
    : [];
};

const answerText = (operation: Json): string[] => {
  const responses = Object.entries(objectIn(operation, 'responses'));
  const good = responses.find(([code]) => code.startsWith('2'));
  const others = responses.filter((one) => one !== good).map(([code]) => code);
  if (!good) return [];
  const [code, response] = good;
  const [media = '', content] = Object.entries(objectIn(response, 'content'))[0] ?? [];
  const schema = objectIn(content, 'schema');
  const what = schema.$ref
    ? typeText(schema)
    : media === 'application/json'
      ? 'JSON'
      : `\`${media}\``;
  return [
    `Answer: \`${code} ${STATUS_CODES[code] ?? ''}\`, ${what}. Also: ${others.map((one) => `\`${one}\``).join(', ')}.`,
    '',
    ...(schema.$ref || media !== 'application/json' ? [] : tableOf(schema)),
    ...(isObject(content) && media === 'application/json' && !schema.$ref
      ? exampleText(content)
      : []),
  ];
};

const operationText = (path: string, method: string, operation: Json): string[] => [
  `### ${method.toUpperCase()} ${path}`,
  '',
  `${textIn(operation, 'summary')}.`,
  '',
  ...parameterText(operation),
  ...bodyText(operation),
  ...answerText(operation),
];

/** Bodies have their examples at their routes, and problems are on a page of their own. */
const isAnswer = (name: string): boolean =>
  name !== 'Problem' && !Object.hasOwn(REQUEST_BODIES, name);

const objectsOf = (schemas: Json): Readonly<Record<string, Json>> =>
  Object.fromEntries(Object.keys(schemas).map((name) => [name, objectIn(schemas, name)]));

export const apiPage = (): string => {
  const document = openApi('');
  const schemas = objectIn(objectIn(document, 'components'), 'schemas');
  const routes = Object.entries(objectIn(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(isObject(methods) ? methods : {}).flatMap(([method, operation]) =>
      isObject(operation) ? operationText(path, method, operation) : [],
    ),
  );
  return [
    '# HTTP API',
    '',
    '<!-- Made by `npm run docs` from the OpenAPI document. -->',
    '',
    'Requests are signed with SigV4 for the service `execute-api`; docs/access.md has policies. `GET /openapi.json` is the same as an OpenAPI 3.1',
    'document, from which clients can be generated. Times are ISO 8601 in UTC, sizes bytes, durations milliseconds. Fields may be added to answers;',
    'in requests, fields that do not exist are refused. Errors: [errors](errors.md). Ids in paths are percent-encoded: every byte but letters, digits,',
    '`_` and `-`.',
    '',
    '`wait` holds the answer back until something changes: at most 25 s, because API Gateway gives up after 29 s. Workers write their progress every 20 s.',
    'Waiting is billed as time of the function `api`: with its 512 MB, 25 s cost about 0.0002 USD, as much as some forty requests without `wait`. Each',
    'waiting request also occupies one of the concurrent invocations of the account (1,000 by default).',
    '',
    '## Routes',
    '',
    ...routes,
    '## Types',
    '',
    ...Object.entries(schemas).flatMap(([name, schema]) => [
      `### ${name}`,
      '',
      ...(isObject(schema) ? tableOf(schema) : []),
      ...(isObject(schema) && isAnswer(name)
        ? exampleText({ example: exampleOf(schema, objectsOf(schemas)) })
        : []),
    ]),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
};
