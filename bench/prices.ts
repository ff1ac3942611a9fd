/**
 * List prices of one region on the given date, in dollars without tax, free tiers or discounts. They change: check
 * them at https://calculator.aws before you base a decision on them, and update the date together with the figures.
 */
export const PRICES = {
  date: '2025-07',
  region: 'us-east-1',
  lambda: {
    /** arm64, first tier; a GB is 1024 MB. */
    perGbSecond: 0.0000133334,
    perMillionRequests: 0.2,
    /** MB of memory that come with one vCPU. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
    mbPerCpu: 1769,
  },
  s3: { perGbMonth: 0.023, perThousandPuts: 0.005, perThousandGets: 0.0004 },
  dynamodb: { perMillionWrites: 0.625, perMillionReads: 0.125, perGbMonth: 0.25 },
  sqs: { perMillionFifo: 0.5, perMillionStandard: 0.4 },
  kms: { perKeyMonth: 1, perTenThousandRequests: 0.03 },
  secretsManager: { perSecretMonth: 0.4, perTenThousandRequests: 0.05 },
  logs: { perGb: 0.5 },
} as const;
