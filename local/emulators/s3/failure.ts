/** What S3 refuses, as it says it. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'S3Failure';
    this.status = status;
    this.code = code;
  }
}
