import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { ensureTool } from '../../../layers/postgres/tools.ts';

export type Certificates = {
  /** PEM of the authority that signed the server's certificate. */
  authority: string;
  /** PEM of an authority that signed nothing. */
  stranger: string;
  /** Files for the server. */
  certificate: string;
  key: string;
};

/** A certificate for one host name or address, signed by a new authority. */
export async function makeCertificates(folder: string, host: string): Promise<Certificates> {
  const [program, ...before] = (await ensureTool('openssl', 'usr/bin/openssl')).command;
  const config = path.join(folder, 'openssl.cnf');
  writeFileSync(config, '[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=CA:TRUE\n');
  const openssl = (...args: string[]) =>
    execFileSync(program, [...before, ...args], { cwd: folder, stdio: 'pipe' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const name of ['authority', 'stranger']) {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    const self = ['-x509', '-extensions', 'ca', '-days', '2', '-subj', `/CN=Test ${name}`];
    openssl('req', '-config', config, ...curve, ...files, ...self);
  }
  const request = ['-keyout', 'server.key', '-out', 'server.csr', '-subj', `/CN=${host}`];
  openssl('req', '-config', config, ...curve, ...request);
  writeFileSync(
    path.join(folder, 'san.cnf'),
    `subjectAltName=${isIP(host) ? 'IP' : 'DNS'}:${host}\n`,
  );
  const signer = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-set_serial', '1'];
  const signed = ['-in', 'server.csr', '-out', 'server.pem', '-days', '2', '-extfile', 'san.cnf'];
  openssl('x509', '-req', ...signed, ...signer);
  return {
    authority: readFileSync(path.join(folder, 'authority.pem'), 'utf8'),
    stranger: readFileSync(path.join(folder, 'stranger.pem'), 'utf8'),
    certificate: path.join(folder, 'server.pem'),
    key: path.join(folder, 'server.key'),
  };
}
