/** Larder's own version, as in package.json: a test checks that they agree. */
export const VERSION = '0.1.0';
