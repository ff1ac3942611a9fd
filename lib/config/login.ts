import * as z from 'zod';

/** How the functions of a source log in. Exactly one of `secretArn` and `iam` is given; cross-checks.ts checks that. */
export const loginShape = {
  /** A secret: a JSON object with username and password, or a postgresql:// URL. */
  secretArn: z
    .string()
    .regex(
      /^arn:[\w-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/,
      'give the full ARN of a Secrets Manager secret, with the six characters at its end',
    )
    .optional(),
  /** The KMS key that encrypts the secret, if it is not the account's own `aws/secretsmanager`. */
  secretKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, 'give the ARN of a KMS key')
    .optional(),
  /** A login by IAM, instead of a secret. */
  iam: z
    .strictObject({
      user: z.string().min(1).max(63),
      /** The resource id of the instance, cluster or proxy, as RDS shows it; the permission is for this one only. */
      resourceId: z
        .string()
        .regex(/^(db|cluster|prx)-[A-Za-z0-9]+$/, 'give the resource id: db-…, cluster-… or prx-…'),
      region: z.string().optional(),
    })
    .optional(),
};

const login = z.object(loginShape);
export type Login = z.output<typeof login>;
