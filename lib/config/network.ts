import * as z from 'zod';

const idOf = (prefix: string, what: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `give the id of ${what}: ${prefix}-…`);

/** The services that the functions of a source call from inside its network. S3 and DynamoDB get gateway endpoints, which are free. */
export const ENDPOINT_SERVICES = ['s3', 'dynamodb', 'sqs', 'secretsmanager', 'kms'] as const;
export type EndpointService = (typeof ENDPOINT_SERVICES)[number];

/** The network in which the functions of a source run, so that they reach a database without a public address. */
export const network = z
  .strictObject({
    vpcId: idOf('vpc', 'the VPC'),
    subnetIds: z.array(idOf('subnet', 'a private subnet')).min(1).max(16),
    /** They must allow outbound traffic to the database and to port 443. */
    securityGroupIds: z.array(idOf('sg', 'a security group')).min(1).max(5),
    /**
     * The subnets are dual-stack and the functions may use IPv6, for a database that has only an IPv6 address. The security groups
     * must allow this traffic, and the subnets must route it, for example through an egress-only internet gateway.
     */
    ipv6: z.boolean().default(false),
    /**
     * `true` creates the VPC endpoints that the functions need if the subnets have no route to the internet. A list
     * creates only those named, for a VPC that already has the others.
     */
    endpoints: z.union([z.boolean(), z.array(z.enum(ENDPOINT_SERVICES)).min(1)]).default(false),
    /**
     * Subnets of the interface endpoints: at most one in each availability zone, as EC2 demands. Absent: `subnetIds`; so set it if
     * two of those are in one zone.
     */
    endpointSubnetIds: z.array(idOf('subnet', 'a private subnet')).min(1).max(16).optional(),
    /** The subnets' route tables: the gateway endpoints of S3 and DynamoDB are routes in them. */
    routeTableIds: z.array(idOf('rtb', "a subnet's route table")).min(1).optional(),
  })
  .transform(({ endpoints, ...rest }) => ({
    ...rest,
    endpoints:
      endpoints === true ? [...ENDPOINT_SERVICES] : endpoints === false ? [] : [...endpoints],
  }));
export type Network = z.output<typeof network>;
