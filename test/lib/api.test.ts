import { STATUS_CODES } from 'node:http';
import { expect, test } from 'vitest';
import { ROUTES } from '../../core/routes.ts';
import { problemDetails } from '../../functions/api/problems.ts';
import { config } from './support/config.ts';
import { synthesis, within } from './support/stack.ts';

const one = synthesis(config());
const methods = one.ofType('AWS::ApiGateway::Method');
const methodAt = (method: string, path: string) =>
  one.at(`Api/Api/Default${path}/${method}`).Properties;

const isRest = (path: string) => path.endsWith('/ANY');

test('has the routes of core/routes.ts and no others, each validated', () => {
  const routes = methods.filter(([path]) => !isRest(path));
  expect(routes.map(([path]) => path).sort()).toEqual(
    ROUTES.map(({ method, path }) => `Api/Api/Default${path}/${method}`).sort(),
  );
  for (const [path, { Properties }] of routes)
    expect(one.text(Properties.RequestValidatorId), path).toBe('<Api/Api/Validator>');
  expect(one.at('Api/Api/Validator').Properties).toMatchObject({
    // The function does it, in words.
    ValidateRequestBody: false,
    ValidateRequestParameters: true,
  });
});

test('every other path and method is answered by the function, and needs IAM like the routes', () => {
  const paths = one.ofType('AWS::ApiGateway::Resource').map(([path]) => path);
  expect(methods.flatMap(([path]) => (isRest(path) ? [path] : [])).sort()).toEqual(
    ['Api/Api/Default', ...paths].map((path) => `${path}/ANY`).sort(),
  );
  expect(paths).toContain('Api/Api/Default/{proxy+}');
  for (const [path, { Properties }] of methods) {
    expect(Properties.AuthorizationType, path).toBe('AWS_IAM');
    expect(one.text(within(Properties, 'Integration', 'Uri')), path).toContain(
      '<Api/Handler/Function.Arn>',
    );
  }
});

test('requires the parameters of the path, and knows those of the query', () => {
  const { RequestParameters } = methodAt('GET', '/projects/{projectId}/backups');
  expect(RequestParameters).toMatchObject({
    'method.request.path.projectId': true,
    'method.request.querystring.limit': false,
    'method.request.querystring.pinned': false,
  });
  const list = ROUTES.find(({ id }) => id === 'listBackups');
  const query = list && 'query' in list ? list.query : [];
  expect(Object.keys(RequestParameters ?? {})).toHaveLength(1 + query.length);
});

test('leaves bodies to the handler, which names mistakes in words of its own', () => {
  expect(one.ofType('AWS::ApiGateway::Model')).toEqual([]);
  const { RequestParameters } = methodAt('POST', '/projects/{projectId}/backups');
  expect(RequestParameters).toMatchObject({ 'method.request.header.Idempotency-Key': false });
});

test('dangerous requests have paths or methods of their own, so that a policy can leave them out', () => {
  const dangerous = ROUTES.filter((route) => 'dangerous' in route && route.dangerous);
  expect(dangerous.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`).sort()).toEqual(
    [
      'DELETE retention',
      'DELETE {backupId}',
      'DELETE {scheduleName}',
      'PATCH {backupId}',
      'POST elsewhere',
      'POST erase',
      'POST swap',
      'POST undo',
      'PUT retention',
      'PUT {scheduleName}',
    ],
  );
  for (const { method, path } of dangerous)
    expect(methodAt(method, path).AuthorizationType, path).toBe('AWS_IAM');
});

test('logs every access and is throttled', () => {
  const { Properties } = one.at('Api/Api/DeploymentStage.prod');
  expect(one.text(within(Properties, 'AccessLogSetting', 'DestinationArn'))).toBe(
    'arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:<Api/AccessLog>',
  );
  expect(within(Properties, 'MethodSettings', 0)).toMatchObject({
    ResourcePath: '/*',
    HttpMethod: '*',
    ThrottlingRateLimit: 50,
    ThrottlingBurstLimit: 100,
    LoggingLevel: 'ERROR',
    DataTraceEnabled: false,
  });
});

test('only this API may call its function', () => {
  const permissions = one.ofType('AWS::Lambda::Permission');
  expect(permissions).toHaveLength(1);
  const { Properties } = permissions[0]?.[1] ?? {};
  expect(Properties?.Principal).toBe('apigateway.amazonaws.com');
  expect(one.text(Properties?.SourceArn)).toMatch(/:execute-api:.*:<Api\/Api>\/\*\/\*\/\*$/);
});

test('its own refusals are problem details, too, each with the status it has', () => {
  const responses = one.ofType('AWS::ApiGateway::GatewayResponse');
  const types = responses.map(([, { Properties }]) => Properties.ResponseType);
  expect(types).toEqual(
    expect.arrayContaining(['DEFAULT_4XX', 'DEFAULT_5XX', 'BAD_REQUEST_BODY', 'THROTTLED']),
  );
  for (const [path, { Properties }] of responses) {
    const template = String(within(Properties, 'ResponseTemplates', 'application/json'));
    const body = template
      .replaceAll('$context.error.messageString', '"said"')
      .replaceAll(/\$context\.[A-Za-z.]+/g, 'x');
    const status = Number(Properties.StatusCode);
    expect(problemDetails.parse(JSON.parse(body)), path).toMatchObject({
      type: expect.stringMatching(/^urn:larder:docs\/errors\.md#[a-z0-9_]+$/),
      title: STATUS_CODES[status],
      status,
    });
    expect(
      within(Properties, 'ResponseParameters', 'gatewayresponse.header.Content-Type'),
      path,
    ).toBe("'application/problem+json'");
  }
});

test('a regional one is open to every caller that IAM allows', () => {
  const { Properties } = one.at('Api/Api');
  expect(Properties.EndpointConfiguration).toMatchObject({ Types: ['REGIONAL'] });
  expect(Properties).not.toHaveProperty('Policy');
});

test('a private one is reached only through the given endpoint', () => {
  const vpcEndpointIds = ['vpce-0123456789abcdef0'];
  const { Properties } = synthesis(config({ api: { type: 'private', vpcEndpointIds } })).at(
    'Api/Api',
  );
  expect(Properties.EndpointConfiguration).toEqual({
    Types: ['PRIVATE'],
    VpcEndpointIds: vpcEndpointIds,
  });
  expect(within(Properties, 'Policy', 'Statement')).toEqual([
    {
      Effect: 'Allow',
      // The principal may be any: an identity also needs a policy of its own.
      Principal: { AWS: expect.anything() },
      Action: 'execute-api:Invoke',
      Resource: 'execute-api:/*',
      Condition: { StringEquals: { 'aws:SourceVpce': vpcEndpointIds } },
    },
    {
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 'execute-api:Invoke',
      Resource: 'execute-api:/*',
      Condition: { StringNotEquals: { 'aws:SourceVpce': vpcEndpointIds } },
    },
  ]);
});
