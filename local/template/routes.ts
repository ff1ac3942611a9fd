import * as z from 'zod';
import { functionNameOf } from '../emulators/functions.ts';
import { NotEmulated, ofType } from './document.ts';
import type { GatewayResponse, LocalRoute } from './model.ts';
import { flag, number, type Reading, read } from './properties.ts';
import type { Resource } from './resource.ts';

/** API Gateway's resources and methods as a list of routes. */
const resourceShape = { ParentId: z.string(), PathPart: z.string() };
const methodShape = {
  HttpMethod: z.string(),
  ResourceId: z.string(),
  AuthorizationType: z.string().default('NONE'),
  RequestParameters: z.record(z.string(), flag).default({}),
  RequestModels: z.record(z.string(), z.string()).default({}),
  RequestValidatorId: z.string().optional(),
  Integration: z.object({ Type: z.string(), Uri: z.string().optional() }),
};
const validatorShape = {
  ValidateRequestBody: flag.default(false),
  ValidateRequestParameters: flag.default(false),
};

/** The function in `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`. */
const functionOf = (
  id: string,
  integration: { Type: string; Uri?: string | undefined },
): string => {
  const reference = /\/functions\/(.+)\/invocations$/.exec(integration.Uri ?? '')?.[1];
  if (integration.Type !== 'AWS_PROXY' || !reference) {
    throw new NotEmulated(id, `an integration of type ${integration.Type} is not served`);
  }
  return functionNameOf(reference);
};

const pathOf = (reading: Reading, resources: ReadonlyMap<string, Resource>, id: string): string => {
  const resource = resources.get(id);
  // The root has no resource of its own: our resolver calls it `<RestApi>/`.
  if (!resource) return '';
  const { ParentId, PathPart } = read(reading, id, resource, resourceShape);
  return `${pathOf(reading, resources, ParentId)}/${PathPart}`;
};

export const readRoutes = (reading: Reading): LocalRoute[] => {
  const { document } = reading;
  const resources = new Map(ofType(document, 'AWS::ApiGateway::Resource'));
  const validators = new Map(
    ofType(document, 'AWS::ApiGateway::RequestValidator').map(([id, resource]) => [
      id,
      read(reading, id, resource, validatorShape),
    ]),
  );
  const models = new Map(
    ofType(document, 'AWS::ApiGateway::Model').map(([id, resource]) => [
      id,
      read(reading, id, resource, { Name: z.string().optional(), Schema: z.unknown() }).Schema,
    ]),
  );
  return ofType(document, 'AWS::ApiGateway::Method').map(([id, resource]) => {
    const properties = { ...resource.Properties };
    const { Credentials: _role, ...integration } = (properties.Integration ?? {}) as Record<
      string,
      unknown
    >;
    properties.Integration = integration;
    const found = read(reading, id, { ...resource, Properties: properties }, methodShape);
    const validator = validators.get(found.RequestValidatorId ?? '');
    return {
      method: found.HttpMethod,
      path: pathOf(reading, resources, found.ResourceId) || '/',
      resourceId: found.ResourceId,
      functionName: functionOf(id, found.Integration),
      authorization: found.AuthorizationType,
      validatesBody: validator?.ValidateRequestBody ?? false,
      validatesParameters: validator?.ValidateRequestParameters ?? false,
      parameters: found.RequestParameters,
      models: Object.fromEntries(
        Object.entries(found.RequestModels).map(([type, model]) => [type, models.get(model)]),
      ),
    };
  });
};

const responseShape = {
  ResponseType: z.string(),
  StatusCode: number.optional(),
  ResponseParameters: z.record(z.string(), z.string()).default({}),
  ResponseTemplates: z.record(z.string(), z.string()).default({}),
};

export const readGatewayResponses = (reading: Reading): GatewayResponse[] =>
  ofType(reading.document, 'AWS::ApiGateway::GatewayResponse').map(([id, resource]) => {
    const found = read(reading, id, resource, responseShape);
    const headers = Object.entries(found.ResponseParameters).map(([name, value]) => [
      name.replace(/^gatewayresponse\.header\./, '').toLowerCase(),
      value.replace(/^'(.*)'$/s, '$1'),
    ]);
    return {
      type: found.ResponseType,
      ...(found.StatusCode === undefined ? {} : { status: found.StatusCode }),
      headers: Object.fromEntries(headers),
      templates: found.ResponseTemplates,
    };
  });
