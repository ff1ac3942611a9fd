import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { VAULT } from '../core/contract.ts';
import { acknowledge, wildcardBehind } from './acknowledge.ts';
import type { LarderFunction } from './lambda-function.ts';

/** No object is ever overwritten; an older version is what somebody deleted by hand, and can be had back for so long. */
const NONCURRENT_DAYS = 30;

/** Behind the prefix. */
const ALL_KEYS: readonly string[] = ['*'];

/** The bucket of the backups. It outlives the stack, and so does its key, without which it would be noise. */
export class Vault extends Construct {
  readonly bucket: Bucket;
  readonly key: Key;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: "Larder: the vault's objects",
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        {
          id: 'deleted-by-hand',
          noncurrentVersionExpiration: Duration.days(NONCURRENT_DAYS),
          expiredObjectDeleteMarker: true,
        },
      ],
    });
    acknowledge(
      this.bucket,
      'S1',
      'Access logs are best effort and would need a bucket of their own; who must know every read switches on CloudTrail data events for this bucket.',
    );
  }

  /** New objects below the prefix, and what uploads them in parts. `keys` are patterns behind the prefix. */
  allowStore(writer: LarderFunction, keys: readonly string[] = ALL_KEYS): void {
    this.#allowObjects(writer, ['s3:PutObject', 's3:AbortMultipartUpload'], keys);
    // Every part but the first needs the data key back.
    this.#allowKey(writer, ['kms:GenerateDataKey', 'kms:Decrypt']);
  }

  allowRead(reader: LarderFunction, keys: readonly string[] = ALL_KEYS): void {
    this.#allowObjects(reader, ['s3:GetObject'], keys);
    this.#allowKey(reader, ['kms:Decrypt']);
  }

  /**
   * Objects with all their versions, each by its id: the bucket keeps versions, so DeleteObject, which only hides an object, is not needed.
   * It takes `allowList` as well, to know whether there is one.
   */
  allowRemove(remover: LarderFunction): void {
    this.#allowObjects(remover, ['s3:DeleteObjectVersion']);
    remover.allow(['s3:ListBucketVersions'], [this.bucket.bucketArn], {
      StringLike: { 's3:prefix': `${VAULT.prefix}*` },
    });
  }

  /**
   * Listing below the prefix, and nothing without one. So S3 answers 403 for an object that is not there, for a GET or HEAD has no
   * prefix either; adapters/s3 lists a key to know whether there is such an object.
   */
  allowList(reader: LarderFunction, keys: readonly string[] = ALL_KEYS): void {
    const [only, ...more] = keys.map((pattern) => `${VAULT.prefix}${pattern}`);
    reader.allow(['s3:ListBucket'], [this.bucket.bucketArn], {
      StringLike: { 's3:prefix': more.length ? [only, ...more] : only },
    });
  }

  /**
   * Finding and ending uploads that nobody will finish. They can't be listed below a prefix only: the action has no such condition key.
   * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
   */
  allowAbort(sweeper: LarderFunction): void {
    this.#allowObjects(sweeper, ['s3:AbortMultipartUpload']);
    sweeper.allow(['s3:ListBucketMultipartUploads'], [this.bucket.bucketArn]);
  }

  #allowObjects(
    reader: LarderFunction,
    actions: readonly string[],
    keys: readonly string[] = ALL_KEYS,
  ): void {
    for (const pattern of keys) {
      reader.allow(actions, [this.bucket.arnForObjects(`${VAULT.prefix}${pattern}`)]);
      acknowledge(
        reader.role,
        wildcardBehind(this.bucket, `/${VAULT.prefix}${pattern}`, reader),
        'The keys of backups are not known before; all of them are below this prefix, and the actions are named one by one.',
      );
    }
  }

  #allowKey(reader: LarderFunction, actions: readonly string[]): void {
    const { region, urlSuffix } = Stack.of(this);
    reader.allow(actions, [this.key.keyArn], {
      StringEquals: { 'kms:ViaService': `s3.${region}.${urlSuffix}` },
    });
  }
}
