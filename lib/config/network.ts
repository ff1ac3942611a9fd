import * as z from 'zod';

const idOf = (prefix: string, what: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `give the id of ${what}: ${prefix}-…`);

/** What the functions of a source call from inside its network. S3 and DynamoDB get gateways, which cost nothing. */
export const ENDPOINT_SERVICES = ['s3', 'dynamodb', 'sqs', 'secretsmanager', 'kms'] as const;
export type EndpointService = (typeof ENDPOINT_SERVICES)[number];

/** Where the functions of a source run, so that they reach a database that has no public address. */
export const network = z
  .strictObject({
    vpcId: idOf('vpc', 'the VPC'),
    subnetIds: z.array(idOf('subnet', 'a private subnet')).min(1).max(16),
    /** They must let the functions out to the database, and to port 443. */
    securityGroupIds: z.array(idOf('sg', 'a security group')).min(1).max(5),
    /**
     * The subnets are dual-stack and the functions may use IPv6, for a database that has no other address. The security groups must
     * let it out, and the subnets route it, through an egress-only internet gateway for example.
     */
    ipv6: z.boolean().default(false),
    /**
     * `true` makes the VPC endpoints that the functions need; needed where the subnets have no way to the
     * internet. A list makes only those named, for a VPC that has the others already.
     */
    endpoints: z.union([z.boolean(), z.array(z.enum(ENDPOINT_SERVICES)).min(1)]).default(false),
    /**
     * Where the interface endpoints lie: at most one subnet of each availability zone, which EC2 demands. Absent: in `subnetIds`, so
     * give it where two of those are in one zone.
     */
    endpointSubnetIds: z.array(idOf('subnet', 'a private subnet')).min(1).max(16).optional(),
    /** The subnets' route tables: the gateways of S3 and DynamoDB are routes in them. */
    routeTableIds: z.array(idOf('rtb', "a subnet's route table")).min(1).optional(),
  })
  .transform(({ endpoints, ...rest }) => ({
    ...rest,
    endpoints:
      endpoints === true ? [...ENDPOINT_SERVICES] : endpoints === false ? [] : [...endpoints],
  }));
export type Network = z.output<typeof network>;
