import { Annotations, Duration, RemovalPolicy, Size, Tags } from 'aws-cdk-lib';
import type { ISecurityGroup, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type ILayerVersion,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { HANDLER, sourceFolder, withBundle } from './bundles.ts';
import { environmentOf, type Variables } from './environment.ts';
import { outermostStack } from './value-bytes.ts';

/** Tag on the roles of functions in a VPC; its value is the stack's name. Endpoint policies recognize the roles by it. */
export const STACK_TAG = 'larder:stack';

export const ARCHITECTURE = Architecture.ARM_64;

export interface FunctionNetwork {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroups: readonly ISecurityGroup[];
  /** Without this, Lambda gives a function no IPv6, even in dual-stack subnets. */
  readonly ipv6: boolean;
}

export interface LarderFunctionProps {
  /** Folder below functions/ that contains handler.ts. */
  readonly folder: string;
  readonly description: string;
  readonly variables: Variables;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** MB of /tmp. */
  readonly temporaryMb?: number;
  readonly logRetentionDays: RetentionDays;
  readonly layers?: readonly ILayerVersion[];
  readonly network?: FunctionNetwork | undefined;
  /** A certificate authority in PEM, written beside the code as CA_FILE. */
  readonly caFile?: string | undefined;
  readonly reservedConcurrency?: number | undefined;
}

const networkProps = (network: FunctionNetwork) => ({
  vpc: network.vpc,
  vpcSubnets: { subnets: [...network.subnets] },
  securityGroups: [...network.securityGroups],
  ...(network.ipv6 && { ipv6AllowedForDualStack: true }),
});

/** The EC2 actions with which Lambda attaches a function to a VPC; EC2 offers no finer permissions. */
const allowNetworkInterfaces = (role: Role): void => {
  role.addToPolicy(
    new PolicyStatement({
      actions: [
        'ec2:AssignPrivateIpAddresses',
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:UnassignPrivateIpAddresses',
      ],
      resources: ['*'],
    }),
  );
  acknowledge(
    role,
    'IAM5[Resource::*]',
    'Lambda creates network interfaces whose ids are not known in advance; EC2 describes interfaces and subnets of the whole account only.',
  );
};

/**
 * A function of Larder: its bundle, its own role, its own log. The role may write the log; the subsystem that owns
 * the function grants everything else.
 */
export class LarderFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;
  /** The folder functions/. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: LarderFunctionProps) {
    super(scope, id);
    const log = new LogGroup(this, 'Log', {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Larder: ${props.description}`,
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [log.logGroupArn]);
    if (props.network) {
      allowNetworkInterfaces(this.role);
      Tags.of(this.role).add(STACK_TAG, outermostStack(this).stackName);
    }
    if (props.reservedConcurrency) {
      Annotations.of(this).addInfoV2(
        `larder:reserves-${props.folder}`,
        `The concurrency of ${props.folder} is 1, which needs a reserved execution. AWS refuses that to an account with a limit of 100 or less: request a higher limit first, or use 2 (docs/aws.md).`,
      );
    }

    this.folder = props.folder;
    this.environment = environmentOf(props.variables);
    this.lambda = this.#withCode(props, (code) => this.#makeFunction(props, code, log));
  }

  #withCode<T>({ folder, caFile }: LarderFunctionProps, use: (code: Code) => T): T {
    // A nested stack's own answer is "no" if `cdk deploy --exclusively` names its parent stack.
    return outermostStack(this).bundlingRequired
      ? withBundle(folder, caFile, (bundle) => use(Code.fromAsset(bundle)))
      : use(Code.fromAsset(sourceFolder(folder)));
  }

  #makeFunction(props: LarderFunctionProps, code: Code, logGroup: LogGroup): LambdaFunction {
    return new LambdaFunction(this, 'Function', {
      description: `Larder: ${props.description}`,
      code,
      handler: HANDLER,
      runtime: Runtime.NODEJS_24_X,
      architecture: ARCHITECTURE,
      timeout: Duration.seconds(props.timeoutSeconds),
      memorySize: props.memoryMb,
      role: this.role,
      logGroup,
      environment: this.environment,
      layers: [...(props.layers ?? [])],
      ...(props.temporaryMb && { ephemeralStorageSize: Size.mebibytes(props.temporaryMb) }),
      ...(props.network && networkProps(props.network)),
      ...(props.reservedConcurrency && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
    });
  }

  /** Grants the function exactly these actions on exactly these resources. */
  allow(
    actions: readonly string[],
    resources: readonly string[],
    conditions: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
  ): void {
    this.role.addToPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [...resources],
        ...(Object.keys(conditions).length && { conditions }),
      }),
    );
  }
}
