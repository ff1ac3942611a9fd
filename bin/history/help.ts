const PLACE = `  --stack NAME          the deployed stack, whose outputs name table and vault (Larder). These override the outputs, or replace --stack:
  --table NAME          the history table, the stack's output HistoryTable (or LARDER_HISTORY_TABLE)
  --bucket NAME         the vault, the stack's output VaultBucket (or LARDER_VAULT_BUCKET)
  --local [DIR]         the data folder of \`npm start\` instead (.larder), whether it runs or not
  --project ID          one project; by default all
  --key-template T      the configuration's keyTemplate (or LARDER_KEY_TEMPLATE), if it is not the default. Given several
                        times: the earlier ones too
  --manifest-key ARN    a KMS key that signed manifests, the stack's output ManifestKeys (or LARDER_MANIFEST_KEYS, separated by
                        commas). Give it several times for older keys. --stack and --local find the keys themselves
  --checksums           read every object and compare its SHA-256: this costs the transfer
  --json                one JSON document on standard output, and nothing else there
  --help                this text

Credentials and region come from the AWS SDK's own places: AWS_PROFILE, AWS_REGION, and so on. docs/history.md has the
rights that are needed.

Exit status: 0 if no difference was found, 1 if one was found or the command failed, 2 for a wrong command line.
`;

export const COMPARE_HELP = `larder history compare [options]

Compares the history table with the vault, and lists what only one of them has and what differs. It writes nothing.

${PLACE}`;

export const REBUILD_HELP = `larder history rebuild [options]

Writes the rows that the history table lacks, from the manifests in the vault. It never changes an existing row,
can be stopped and run again, and may run while Larder works.

  --dry-run             show what would be written, and write nothing
  --accept-unsigned     also accept unsigned manifests of older versions, if the registry has the same schema for the project
  --include-expired     also expired backups: retention then removes them from the vault
${PLACE}`;
