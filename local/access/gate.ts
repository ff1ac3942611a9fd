import { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Admission, type Admit, notSigned, type Reply } from '../emulators/admission.ts';
import { type Credentials, signedWith } from '../emulators/signature.ts';
import { type Access, AccessDenied } from './access.ts';
import type { Principal } from './principals.ts';
import { NotMapped, type ServiceRequests, type WireRequest } from './requests/request.ts';

/**
 * Checks each request before an emulator handles it: who signed it, and whether the signer's role allows it. The emulators start before the
 * template is read, because its references are resolved to their addresses; until `open`, only requests of the start itself pass.
 */
export interface Gate {
  admit(requests: ServiceRequests): Admit;
  open(access: Access): void;
}

/** The same request, with its body already read. */
const again = (request: IncomingMessage, body: string): IncomingMessage => {
  const { method, url, headers, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor } =
    request;
  const made = new IncomingMessage(request.socket);
  Object.assign(made, {
    method,
    url,
    headers,
    rawHeaders,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
    complete: true,
  });
  made.push(body);
  made.push(null);
  return made;
};

const wireOf = ({ method = 'GET', url = '/', headers }: IncomingMessage): WireRequest => {
  const [path = '/', search = ''] = url.split(/\?(.*)/s);
  return { method, path, query: new URLSearchParams(search), headers, body: '' };
};

/** The message of a refusal; undefined if everything is allowed. */
const refusedBy = (act: () => void): string | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof AccessDenied || error instanceof NotMapped) return error.message;
    throw error;
  }
};

export const makeGate = (operator: Credentials): Gate => {
  let opened: Access | undefined;

  const judge = async (
    access: Access,
    principal: Principal,
    requests: ServiceRequests,
    request: IncomingMessage,
  ): Promise<Admission> => {
    const wire = wireOf(request);
    const needsBody = requests.needsBody(wire);
    const body = needsBody ? await text(request) : '';
    const whole = { ...wire, body };
    const refuse = (message: string): Reply => requests.refusal(whole, message);
    const refused = refusedBy(() =>
      access.check(principal, requests.checksOf(whole, access.facts)),
    );
    if (refused !== undefined) return refuse(refused);
    if (!needsBody) return undefined;
    const handedOn = again(request, body);
    const parts = requests.parts?.of(whole) ?? [];
    const refusals = parts.flatMap(({ id, check }) => {
      const message = refusedBy(() => access.check(principal, [check]));
      return message === undefined ? [] : [[id, message] as const];
    });
    if (refusals.length > 0) requests.parts?.note(handedOn, new Map(refusals));
    return handedOn;
  };

  return {
    open: (access) => {
      opened = access;
    },
    admit: (requests) => (request) => {
      const find = (accessKeyId: string): Credentials | undefined =>
        opened?.signers(accessKeyId)?.credentials ??
        (accessKeyId === operator.accessKeyId ? operator : undefined);
      const signer = signedWith(request, find);
      if (!signer) return notSigned;
      const principal = opened?.signers(signer.accessKeyId)?.principal;
      return opened && principal ? judge(opened, principal, requests, request) : undefined;
    },
  };
};
