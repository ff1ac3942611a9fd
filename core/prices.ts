/**
 * Prices for estimates, in US dollars without taxes. S3 Standard, first 50 TB a month, as AWS lists it for eu-central-1; us-east-1 is
 * 6 % cheaper, sa-east-1 65 % dearer. Requests, transfer and versions that are not current any more come on top.
 * https://aws.amazon.com/s3/pricing/
 */
export const STORAGE_PRICE = { currency: 'USD', perGibMonth: 0.0245 } as const;

const GIB = 1024 ** 3;

export interface Cost {
  readonly amount: number;
  readonly currency: 'USD';
}

/** The price of storing so many bytes for a month, in whole hundredths of a cent. */
export const monthlyStorageCost = (bytes: number): Cost => ({
  amount: Math.round((bytes / GIB) * STORAGE_PRICE.perGibMonth * 10_000) / 10_000,
  currency: STORAGE_PRICE.currency,
});
