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
 * The network of a source, in the form that its functions need. Nothing is looked up, so the synthesis needs no
 * account. CDK demands an availability zone, although the subnets determine it.
 */
export const importNetwork = (scope: Construct, network: Network): FunctionNetwork => ({
  ipv6: network.ipv6,
  vpc: Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: network.vpcId, availabilityZones: ['any'] }),
  subnets: network.subnetIds.map((id, index) => importSubnet(scope, `Subnet${index}`, id)),
  securityGroups: network.securityGroupIds.map((id, index) =>
    SecurityGroup.fromSecurityGroupId(scope, `SecurityGroup${index}`, id, { mutable: false }),
  ),
});

/** The address blocks for private networks (RFC 1918 and RFC 6598): an endpoint has no public address. */
const PRIVATE_BLOCKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'] as const;

const GATEWAYS: readonly EndpointService[] = ['s3', 'dynamodb'];

export interface EndpointsProps {
  readonly vpc: IVpc;
  readonly network: Network;
  /** The resources of each service that these functions may reach: ARNs, with wildcards at the end if needed. */
  readonly reach: Readonly<Record<EndpointService, readonly string[]>>;
}

/**
 * The VPC endpoints that a source's functions need if their subnets have no route out. An endpoint changes the route of all
 * traffic in the VPC: routes and private names then lead to it. So its policy limits Larder's functions to Larder's own resources
 * and leaves all other callers what their own policies allow. A tag identifies the functions' roles, because the ARNs of fifty
 * sources' roles exceed the 20,480 characters that a policy may have.
 * https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
 */
export class Endpoints extends Construct {
  constructor(scope: Construct, id: string, props: EndpointsProps) {
    super(scope, id);
    const { network } = props;
    // If no source uses a secret, an endpoint of Secrets Manager would cost money and serve no one.
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
