import { Stack, Validations } from 'aws-cdk-lib';
import {
  CfnVPCEndpoint,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  Subnet,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { PolicyDocument, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { EndpointService } from './config/network.ts';
import type { Network } from './config.ts';
import { type FunctionNetwork, STACK_TAG } from './lambda-function.ts';

const importSubnet = (scope: Construct, id: string, subnetId: string): ISubnet => {
  const subnet = Subnet.fromSubnetId(scope, id, subnetId);
  Validations.of(subnet).acknowledge({
    id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
    reason: 'Route tables are configured beside the subnets, and only endpoints need them.',
  });
  return subnet;
};

/**
 * The network of a source as its functions are put into it. Nothing is looked up, so no account is asked; CDK wants to
 * hear of an availability zone, which the subnets know better.
 */
export const importNetwork = (scope: Construct, network: Network): FunctionNetwork => ({
  ipv6: network.ipv6,
  vpc: Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: network.vpcId, availabilityZones: ['any'] }),
  subnets: network.subnetIds.map((id, index) => importSubnet(scope, `Subnet${index}`, id)),
  securityGroups: network.securityGroupIds.map((id, index) =>
    SecurityGroup.fromSecurityGroupId(scope, `SecurityGroup${index}`, id, { mutable: false }),
  ),
});

/** The blocks that VPCs are made of (RFC 1918 and RFC 6598): an endpoint has no address that others could reach. */
const PRIVATE_BLOCKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'] as const;

const GATEWAYS: readonly EndpointService[] = ['s3', 'dynamodb'];

export interface EndpointsProps {
  readonly vpc: IVpc;
  readonly network: Network;
  /** What these functions may reach of each service: ARNs, with wildcards behind them where needed. */
  readonly reach: Readonly<Record<EndpointService, readonly string[]>>;
}

/**
 * The VPC endpoints that a source's functions need where their subnets have no way out. An endpoint changes the way of
 * everybody in the VPC: routes and private names lead to it from then on. So its policy holds Larder's
 * functions to Larder's own things, and leaves everybody else what their own policies allow. Their roles are known by a tag, since
 * the ARNs of fifty sources' roles are more than the 20,480 characters that a policy may have.
 * https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
 */
export class Endpoints extends Construct {
  constructor(scope: Construct, id: string, props: EndpointsProps) {
    super(scope, id);
    const { network } = props;
    // Where nobody has a secret, an endpoint of Secrets Manager would cost money and lead to nothing.
    const needed = network.endpoints.filter((service) => props.reach[service].length > 0);
    const interfaces = needed.filter((service) => !GATEWAYS.includes(service));
    for (const service of needed.filter((one) => GATEWAYS.includes(one))) {
      this.#endpoint(service, props, {
        vpcEndpointType: 'Gateway',
        routeTableIds: [...(network.routeTableIds ?? [])],
      });
    }
    if (interfaces.length === 0) return;
    const doors = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'Larder: TLS from inside the VPC to its endpoints',
      allowAllOutbound: false,
    });
    for (const block of PRIVATE_BLOCKS) doors.addIngressRule(Peer.ipv4(block), Port.HTTPS);
    for (const service of interfaces) {
      this.#endpoint(service, props, {
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        subnetIds: [...(network.endpointSubnetIds ?? network.subnetIds)],
        securityGroupIds: [doors.securityGroupId],
      });
    }
  }

  #endpoint(
    service: EndpointService,
    { network, reach }: EndpointsProps,
    kind: {
      readonly vpcEndpointType: 'Gateway' | 'Interface';
      readonly routeTableIds?: string[];
      readonly privateDnsEnabled?: boolean;
      readonly subnetIds?: string[];
      readonly securityGroupIds?: string[];
    },
  ): void {
    const { stackName } = Stack.of(this);
    const allow = (resources: readonly string[], test: 'StringEquals' | 'StringNotEquals') =>
      new PolicyStatement({
        principals: [new StarPrincipal()],
        actions: [`${service}:*`],
        resources: [...resources],
        conditions: { [test]: { [`aws:PrincipalTag/${STACK_TAG}`]: stackName } },
      });
    new CfnVPCEndpoint(this, service, {
      ...kind,
      vpcId: network.vpcId,
      serviceName: `com.amazonaws.${Stack.of(this).region}.${service}`,
      policyDocument: new PolicyDocument({
        statements: [allow(reach[service], 'StringEquals'), allow(['*'], 'StringNotEquals')],
      }),
    });
  }
}
