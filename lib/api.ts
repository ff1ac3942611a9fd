import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  type Method,
  MethodLoggingLevel,
  type MethodOptions,
  type RequestValidator,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import {
  AccountRootPrincipal,
  AnyPrincipal,
  Effect,
  PolicyDocument,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { METRICS } from '../core/contract.ts';
import { ROUTES, type RouteSpec } from '../core/routes.ts';
import { acknowledge } from './acknowledge.ts';
import type { Alarms } from './alarms.ts';
import { type ApiHandlerProps, makeApiHandler } from './api-handler.ts';
import type { Config } from './config.ts';
import type { LarderFunction } from './lambda-function.ts';
import { explainRefusals } from './refusals.ts';

/** Limits for all callers together: requests a second, and the burst above that. */
const THROTTLING = { throttlingRateLimit: 50, throttlingBurstLimit: 100 };

export interface ApiProps extends ApiHandlerProps {
  readonly alarms: Alarms;
}

const acknowledgeIam = (method: Method): void =>
  acknowledge(
    method,
    'COG4',
    'Callers are AWS principals, authorized by IAM (SigV4); there is no user pool.',
  );

/**
 * The HTTP API, built from core/routes.ts. Every route has IAM authorization, so a policy on `execute-api` decides who
 * may do what with which project. Bodies have no models: the function checks them, and names each mistake in the API's own words.
 */
export class Api extends Construct {
  readonly api: RestApi;
  readonly handler: LarderFunction;
  readonly #validator: RequestValidator;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    this.handler = makeApiHandler(this, props);
    this.api = this.#makeApi(props.config);
    // The stack has its own output for this.
    this.api.node.tryRemoveChild('Endpoint');
    this.#validator = this.api.addRequestValidator('Validator', {
      // The function checks bodies: its answer names each mistake in words, API Gateway's quotes its library.
      validateRequestBody: false,
      validateRequestParameters: true,
    });
    const integration = new LambdaIntegration(this.handler.lambda, {
      scopePermissionToMethod: false,
    });
    for (const route of ROUTES) {
      const resource = this.#resourceAt(route.path);
      acknowledgeIam(resource.addMethod(route.method, integration, this.#options(route)));
    }
    this.#answerTheRest(integration);
    explainRefusals(this.api);
    // An unreachable source is not a failure of the API: runs report it, and the caller gets the answer.
    props.alarms.unexplained(
      'ApiErrors',
      this.api.metricServerError(),
      { metricName: METRICS.projectsNotResolved, service: 'api', lambda: this.handler.lambda },
      'answers with a status of 500 or above',
    );
  }

  /**
   * Other methods and paths go to the function, which answers 405 and 404 as problem details. API Gateway itself would
   * answer that an authentication token is missing.
   */
  #answerTheRest(integration: LambdaIntegration): void {
    const paths = ROUTES.flatMap(({ path }) => {
      const parts = path.split('/');
      return parts.map((_, index) => parts.slice(0, index + 1).join('/') || '/');
    });
    for (const path of new Set([...paths, '/{proxy+}']))
      acknowledgeIam(this.#resourceAt(path).addMethod('ANY', integration));
  }

  #makeApi({ api, environment, logRetentionDays }: Config): RestApi {
    const log = new LogGroup(this, 'AccessLog', {
      retention: logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const made = new RestApi(this, 'Api', {
      // API Gateway requires a name, and its metrics are distinguished only by the API's name.
      restApiName: `${Stack.of(this).stackName}-${environment}`,
      description: `Larder: backups of ${environment}`,
      ...(api.type === 'regional'
        ? { endpointConfiguration: { types: [EndpointType.REGIONAL] } }
        : this.#privateEndpoint(api.vpcEndpointIds)),
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      defaultMethodOptions: { authorizationType: AuthorizationType.IAM },
      deployOptions: {
        ...THROTTLING,
        accessLogDestination: new LogGroupLogDestination(log),
        accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
        // Logs errors only, and no bodies.
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        metricsEnabled: true,
      },
    });
    acknowledge(
      made,
      'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      'API Gateway has one role for the logs of all APIs of an account, and asks for this policy.',
    );
    acknowledge(
      made,
      'APIG2',
      'The function checks bodies, and its answer names each mistake; API Gateway checks only parameters.',
    );
    acknowledge(
      made.deploymentStage,
      'APIG3',
      'Every call is signed by an AWS principal and throttled; a web application firewall is for public pages.',
    );
    return made;
  }

  /**
   * Within one account, either the resource policy or the caller's own policy may allow a call. So the resource policy must not name
   * callers: the account's root represents all identities whose own policy allows the call. An endpoint that the policy does not name
   * must be denied; otherwise a caller's own policy would be enough from any endpoint.
   * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
   */
  #privateEndpoint(ids: readonly string[]) {
    const about = { actions: ['execute-api:Invoke'], resources: ['execute-api:/*'] };
    const allowed = new PolicyStatement({
      ...about,
      principals: [new AccountRootPrincipal()],
      conditions: { StringEquals: { 'aws:SourceVpce': [...ids] } },
    });
    const denied = new PolicyStatement({
      ...about,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      conditions: { StringNotEquals: { 'aws:SourceVpce': [...ids] } },
    });
    return {
      endpointConfiguration: {
        types: [EndpointType.PRIVATE],
        vpcEndpoints: ids.map((endpointId, index) =>
          InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(this, `Endpoint${index}`, {
            vpcEndpointId: endpointId,
            port: 443,
          }),
        ),
      },
      policy: new PolicyDocument({ statements: [allowed, denied] }),
    };
  }

  #resourceAt(path: string): IResource {
    return this.api.root.resourceForPath(path);
  }

  #options(route: RouteSpec): MethodOptions {
    const parts = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const named = (where: string, names: readonly (string | undefined)[], required: boolean) =>
      names.map((name) => [`method.request.${where}.${name}`, required] as const);
    return {
      operationName: route.id,
      requestValidator: this.#validator,
      requestParameters: Object.fromEntries([
        ...named('path', parts, true),
        ...named('querystring', route.query ?? [], false),
        ...named('header', route.headers ?? [], false),
      ]),
    };
  }
}
