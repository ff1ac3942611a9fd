const PLACE = `  --stack NAME          the deployed stack, whose outputs name table and vault (Larder). By hand instead, or before what they say:
  --table NAME          the history table, the stack's output HistoryTable (or LARDER_HISTORY_TABLE)
  --bucket NAME         the vault, the stack's output VaultBucket (or LARDER_VAULT_BUCKET)
  --local [DIR]         what \`npm start\` keeps on this machine instead (.larder), whether it runs or not
  --project ID          one project; by default all
  --key-template T      the configuration's keyTemplate (or LARDER_KEY_TEMPLATE), if it is not the default. Given several
                        times: also those of before
  --manifest-key ARN    a KMS key that signed manifests, the stack's output ManifestKeys (or LARDER_MANIFEST_KEYS, separated by
                        commas). Give it several times for older keys. --stack and --local find the keys themselves
  --checksums           read every object and compare its SHA-256: that costs its transfer
  --json                one JSON document on standard output, and nothing else there
  --help                this text

Credentials and region come from the AWS SDK's own places: AWS_PROFILE, AWS_REGION, and so on. docs/history.md has the
rights that are needed.

Exit status: 0 if all is well, 1 if not or it failed, 2 for a wrong command line.
`;

export const COMPARE_HELP = `larder history compare [options]

Compares the history table with the vault, and lists what is in one only and what does not agree. It writes nothing.

${PLACE}`;

export const REBUILD_HELP = `larder history rebuild [options]

Writes the rows that the history table lacks, from the manifests in the vault. It never changes a row that is there, can
be stopped and run again, and may run while Larder works.

  --dry-run             say what would be written, and write nothing
  --accept-unsigned     also accept unsigned manifests of older versions, if the registry has their schema for their project
  --include-expired     also backups past their time: retention then removes them from the vault
${PLACE}`;
