import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { TEMPLATES, VAULT } from '../core/contract.ts';
import { encodePart } from '../core/keys.ts';
import { acknowledge, wildcardBehind } from './acknowledge.ts';
import type { LarderFunction } from './lambda-function.ts';

/** No object is ever overwritten; an older version means that a person deleted the object, and can be restored for this long. */
const NONCURRENT_DAYS = 30;

/** Keys after the prefix. */
const ALL_KEYS: readonly string[] = ['*'];

/** The bucket of the backups. It is kept when the stack is deleted. So is its key: without the key the backups can't be read. */
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
        {
          // Written anew under the same key, unlike backups.
          id: 'old-templates',
          prefix: TEMPLATES.prefix,
          expiration: Duration.days(TEMPLATES.removedAfterDays),
          noncurrentVersionExpiration: Duration.days(1),
        },
      ],
    });
    acknowledge(
      this.bucket,
      'S1',
      'Access logs are best effort and would need a bucket of their own; to log every read, switch on CloudTrail data events for this bucket.',
    );
  }

  /** Permission to write new objects below the prefix, also in multipart uploads. `keys` are patterns after the prefix. */
  allowStore(writer: LarderFunction, keys: readonly string[] = ALL_KEYS): void {
    this.#allowObjects(writer, ['s3:PutObject', 's3:AbortMultipartUpload'], keys);
    // Every part after the first needs to decrypt the data key.
    this.#allowKey(writer, ['kms:GenerateDataKey', 'kms:Decrypt']);
  }

  allowRead(reader: LarderFunction, keys: readonly string[] = ALL_KEYS): void {
    this.#allowObjects(reader, ['s3:GetObject'], keys);
    this.#allowKey(reader, ['kms:Decrypt']);
  }

  /**
   * Deletes objects with all their versions, each by its id: the bucket is versioned, so DeleteObject, which only hides an object, is not
   * needed. The caller also needs `allowList`, to know whether an object exists.
   */
  allowRemove(remover: LarderFunction): void {
    this.#allowObjects(remover, ['s3:DeleteObjectVersion']);
    remover.allow(['s3:ListBucketVersions'], [this.bucket.bucketArn], {
      StringLike: { 's3:prefix': `${VAULT.prefix}*` },
    });
  }

  /**
   * Listing below the prefix only. So S3 answers 403 for a missing object, because a GET or HEAD has no prefix; adapters/s3 lists
   * a key to find out whether the object exists.
   */
  allowList(reader: LarderFunction, keys: readonly string[] = ALL_KEYS): void {
    const [only, ...more] = keys.map((pattern) => `${VAULT.prefix}${pattern}`);
    reader.allow(['s3:ListBucket'], [this.bucket.bucketArn], {
      StringLike: { 's3:prefix': more.length ? [only, ...more] : only },
    });
  }

  /** Keeping templates of one source, and turning that off: see core/template-ports.ts. */
  allowTemplates(exporter: LarderFunction, source: string): void {
    const folder = `${TEMPLATES.prefix}${encodePart(source)}/*`;
    const turnedOff = `${TEMPLATES.turnedOffPrefix}${encodePart(source)}.json`;
    exporter.allow(['s3:GetObject', 's3:PutObject'], [this.bucket.arnForObjects(folder)]);
    acknowledge(
      exporter.role,
      wildcardBehind(this.bucket, `/${folder}`, exporter),
      'The names of templates are not known before; all of them are in the folder of this source.',
    );
    exporter.allow(['s3:PutObject'], [this.bucket.arnForObjects(turnedOff)]);
    exporter.allow(['s3:ListBucket'], [this.bucket.bucketArn], {
      StringLike: { 's3:prefix': [folder, turnedOff] },
    });
    this.#allowKey(exporter, ['kms:GenerateDataKey', 'kms:Decrypt']);
  }

  /**
   * Finding and aborting abandoned uploads. They can't be limited to a prefix: the action has no such condition key.
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
        'The keys of backups are not known in advance; all are below this prefix, and each action is named.',
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
