/** The account and region of the local stack, and default credentials for emulators that were started without any. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const PARTITION = 'aws';
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
