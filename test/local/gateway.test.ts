import type { APIGatewayProxyEvent } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { startGateway } from '../../local/api/gateway.ts';
import { type Listening, PortInUse } from '../../local/emulators/loopback.ts';
import type { Outcome } from '../../local/lambda/protocol.ts';
import type { GatewayResponse, LocalRoute } from '../../local/template/model.ts';

const route = (method: string, path: string, changes: Partial<LocalRoute> = {}): LocalRoute => ({
  method,
  path,
  resourceId: path,
  functionName: `${method} ${path}`,
  authorization: 'AWS_IAM',
  validatesBody: true,
  validatesParameters: true,
  parameters: {},
  models: {},
  ...changes,
});

const ROUTES = [
  route('GET', '/projects/{projectId}/backups/{backupId}'),
  route('GET', '/projects/{projectId}/backups/latest'),
  route('POST', '/projects/{projectId}/backups', {
    models: {
      'application/json': {
        $schema: 'http://json-schema.org/draft-04/schema#',
        type: ['object', 'null'],
        properties: { format: { type: 'string', enum: ['custom', 'plain'] } },
        additionalProperties: false,
      },
    },
  }),
  route('ANY', '/projects/{projectId}/backups'),
  route('ANY', '/rest/{proxy+}'),
  route('GET', '/needs', { parameters: { 'method.request.querystring.limit': true } }),
];

let gateway: Listening | undefined;
afterEach(async () => {
  await gateway?.close();
});

/** A gateway whose functions give set answers; `calls` gets the function's name and its event. */
const serve = async (
  answer: (event: APIGatewayProxyEvent) => Outcome = () => ok({ statusCode: 200, body: '{}' }),
  responses: readonly GatewayResponse[] = [],
) => {
  const calls: (readonly [string, APIGatewayProxyEvent])[] = [];
  gateway = await startGateway({
    port: 0,
    routes: ROUTES,
    responses,
    invoke: async (name, event) => {
      calls.push([name, event]);
      return answer(event);
    },
    onError: () => undefined,
  });
  const { url } = gateway;
  return { calls, get: (path: string, init?: RequestInit) => fetch(`${url}${path}`, init) };
};
const ok = (payload: unknown): Outcome => ({ kind: 'ok', requestId: 'r', payload });
const json = { 'content-type': 'application/json' };

describe('the API on one machine', () => {
  it('passes paths as they were sent, query parameters decoded, and headers with all their values', async () => {
    const { calls, get } = await serve();
    await get('/projects/a%2Fb%20%25/backups/1?x=1&x=%C3%BC&y', { headers: { 'X-Own': 'v' } });
    expect(calls[0]?.[1]).toMatchObject({
      resource: '/projects/{projectId}/backups/{backupId}',
      path: '/projects/a%2Fb%20%25/backups/1',
      pathParameters: { projectId: 'a%2Fb%20%25', backupId: '1' },
      queryStringParameters: { x: 'ü', y: '' },
      multiValueQueryStringParameters: { x: ['1', 'ü'], y: [''] },
      multiValueHeaders: { 'X-Own': ['v'] },
      requestContext: {
        httpMethod: 'GET',
        resourcePath: '/projects/{projectId}/backups/{backupId}',
      },
      body: null,
    });
  });

  it('prefers the literal path, and leaves it to the function to refuse a slash at the end', async () => {
    const { calls, get } = await serve();
    await get('/projects/a/backups/latest/');
    expect(calls[0]?.[0]).toBe('GET /projects/{projectId}/backups/latest');
    expect(calls[0]?.[1].path).toBe('/projects/a/backups/latest/');
    expect(calls[0]?.[1].requestContext.path).toBe('/projects/a/backups/latest/');
  });

  it('answers an unknown path as API Gateway does, calling no function', async () => {
    const { calls, get } = await serve();
    for (const path of ['/nothing', '/projects//backups/latest', '/projects/a/backups/b/c']) {
      const answer = await get(path);
      expect([answer.status, await answer.json()]).toEqual([
        403,
        { message: 'Missing Authentication Token' },
      ]);
    }
    expect((await get('/projects/a/backups/latest', { method: 'DELETE' })).status).toBe(403);
    expect(calls).toEqual([]);
  });

  it('sends a method without its own route to ANY of the same resource, and to no other resource', async () => {
    const { calls, get } = await serve();
    const answers = [
      await get('/projects/a/backups', { method: 'POST', headers: json }),
      await get('/projects/a/backups', { method: 'DELETE' }),
      await get('/projects/a/backups', { method: 'HEAD' }),
      await get('/rest/of/it'),
      await get('/needs', { method: 'PUT' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 403]);
    expect(calls.map(([name]) => name)).toEqual([
      'POST /projects/{projectId}/backups',
      'ANY /projects/{projectId}/backups',
      'ANY /projects/{projectId}/backups',
      'ANY /rest/{proxy+}',
    ]);
    expect(calls[3]?.[1].pathParameters).toEqual({ proxy: 'of/it' });
  });

  it("words its own refusals by the template's gateway responses", async () => {
    const template =
      '{"title":"$context.error.responseType","detail":$context.error.messageString,"more":"$context.error.validationErrorString"}';
    const { get } = await serve(undefined, [
      {
        type: 'DEFAULT_4XX',
        headers: { 'content-type': 'application/problem+json' },
        templates: { 'application/json': template },
      },
    ]);
    const answer = await get('/projects/a/backups', {
      method: 'POST',
      headers: json,
      body: '{"format":"\\"odd\\""}',
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({
      title: 'BAD_REQUEST_BODY',
      detail: 'Invalid request body',
      more: expect.stringContaining('format'),
    });
  });

  it.each([
    ['{', 400],
    ['[]', 400],
    ['{"format":"zip"}', 400],
    ['{"more":1}', 400],
    ['{"format":"plain"}', 200],
    ['', 200],
  ])('checks a body such as %s before the function gets it', async (body, status) => {
    const { get } = await serve();
    const answer = await get('/projects/a/backups', { method: 'POST', headers: json, body });
    expect(answer.status).toBe(status);
  });

  it.each(['in one piece', 'in chunks'])(
    'answers a body of 11 MB with too large, sent %s',
    async (how) => {
      const { calls, get } = await serve();
      const bytes = Buffer.alloc(11 * 1024 ** 2, 'x');
      const body = how === 'in one piece' ? bytes : new Blob([bytes]).stream();
      const answer = await get('/projects/a/backups', {
        method: 'POST',
        headers: json,
        body,
        ...(how === 'in chunks' && { duplex: 'half' }),
      });
      expect([answer.status, await answer.json()]).toEqual([413, { message: 'Request Too Long' }]);
      expect(calls).toEqual([]);
    },
  );

  it('requires the parameters that a method requires', async () => {
    const { get } = await serve();
    expect((await get('/needs')).status).toBe(400);
    expect((await get('/needs?limit=1')).status).toBe(200);
  });

  it('passes on status, headers and bytes of an answer', async () => {
    const { get } = await serve(() =>
      ok({
        statusCode: 302,
        headers: { location: '/there' },
        multiValueHeaders: { 'x-many': ['a', 'b'] },
        body: Buffer.from('bytes').toString('base64'),
        isBase64Encoded: true,
      }),
    );
    const answer = await get('/projects/a/backups/latest', { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location'), answer.headers.get('x-many')]).toEqual([
      302,
      '/there',
      'a, b',
    ]);
    expect(await answer.text()).toBe('bytes');
  });

  it.each<[string, Outcome]>([
    [
      'a failure',
      { kind: 'failed', requestId: 'r', failure: { errorType: 'T', errorMessage: 'secret' } },
    ],
    ['an answer that is none', ok({ status: 200 })],
    ['no instance to be had', { kind: 'throttled' }],
  ])('reveals nothing of %s of the function', async (_name, outcome) => {
    const { get } = await serve(() => outcome);
    const answer = await get('/projects/a/backups/latest');
    expect([answer.status, await answer.json()]).toEqual([
      502,
      { message: 'Internal server error' },
    ]);
  });

  it('names a port that is in use, and how to use another', async () => {
    await serve();
    const port = gateway?.port ?? 0;
    const taken = startGateway({
      port,
      routes: [],
      responses: [],
      invoke: async () => ok(null),
      onError: () => undefined,
    });
    await expect(taken).rejects.toThrow(PortInUse);
    await expect(taken).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
  });
});
