import { expect, test } from 'vitest';
import { ROUTES } from '../../core/routes.ts';
import { config } from './support/config.ts';
import { synthesis, within } from './support/stack.ts';

const one = synthesis(config());
const methods = one.ofType('AWS::ApiGateway::Method');
const methodAt = (method: string, path: string) =>
  one.at(`Api/Api/Default${path}/${method}`).Properties;

test('has the routes of core/routes.ts and no others, each by IAM and validated', () => {
  expect(methods.map(([path]) => path).sort()).toEqual(
    ROUTES.map(({ method, path }) => `Api/Api/Default${path}/${method}`).sort(),
  );
  for (const [path, { Properties }] of methods) {
    expect(Properties.AuthorizationType, path).toBe('AWS_IAM');
    expect(one.text(Properties.RequestValidatorId), path).toBe('<Api/Api/Validator>');
    expect(one.text(within(Properties, 'Integration', 'Uri')), path).toContain(
      '<Api/Handler/Function.Arn>',
    );
  }
  expect(one.at('Api/Api/Validator').Properties).toMatchObject({
    ValidateRequestBody: true,
    ValidateRequestParameters: true,
  });
});

test('demands what stands in the path and knows what may stand behind it', () => {
  expect(methodAt('GET', '/projects/{projectId}/backups').RequestParameters).toEqual({
    'method.request.path.projectId': true,
    'method.request.querystring.limit': false,
    'method.request.querystring.cursor': false,
    'method.request.querystring.status': false,
    'method.request.querystring.type': false,
    'method.request.querystring.from': false,
    'method.request.querystring.to': false,
  });
});

test('checks bodies with the schemas that the handler checks with', () => {
  const { RequestModels, RequestParameters } = methodAt('POST', '/projects/{projectId}/backups');
  expect(RequestParameters).toMatchObject({ 'method.request.header.Idempotency-Key': false });
  expect(one.text(within(RequestModels, 'application/json'))).toBe('<Api/BackupRequest>');
  const schema = within(one.at('Api/BackupRequest').Properties, 'Schema');
  expect(schema).toMatchObject({
    $schema: 'http://json-schema.org/draft-04/schema#',
    additionalProperties: false,
    properties: { format: { enum: ['custom', 'plain', 'tar'] } },
  });
  // It may be left out.
  expect(within(schema, 'type')).toEqual(['object', 'null']);
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

test('its own refusals are problem details, too', () => {
  const responses = one.ofType('AWS::ApiGateway::GatewayResponse');
  expect(responses.map(([, { Properties }]) => Properties.ResponseType).sort()).toEqual([
    'BAD_REQUEST_BODY',
    'DEFAULT_4XX',
    'DEFAULT_5XX',
  ]);
  for (const [path, { Properties }] of responses) {
    expect(
      within(Properties, 'ResponseParameters', 'gatewayresponse.header.Content-Type'),
      path,
    ).toBe("'application/problem+json'");
  }
});

test('a regional one is open to whoever IAM lets in', () => {
  const { Properties } = one.at('Api/Api');
  expect(Properties.EndpointConfiguration).toMatchObject({ Types: ['REGIONAL'] });
  expect(Properties).not.toHaveProperty('Policy');
});

test('a private one is reached through the given endpoint and in no other way', () => {
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
      Principal: { AWS: '*' },
      Action: 'execute-api:Invoke',
      Resource: 'execute-api:/*',
      Condition: { StringEquals: { 'aws:SourceVpce': vpcEndpointIds } },
    },
  ]);
});
