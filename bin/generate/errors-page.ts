import { STATUS_CODES } from 'node:http';
import { API } from '../../core/contract.ts';
import {
  GATEWAY_PROBLEM_TYPES,
  PROBLEM_TYPES,
  type ProblemType,
  problemTypeUri,
} from '../../core/problem-types.ts';

/** docs/errors.md: a section for each type of problem. */
const section = (code: string, { status, meaning, remedy, retryAfter }: ProblemType): string =>
  `### ${code}

\`${status} ${STATUS_CODES[status]}\`${retryAfter === undefined ? '' : `, with \`Retry-After: ${retryAfter}\``}

${meaning}

${remedy}
`;

const sections = (types: Readonly<Record<string, ProblemType>>): string =>
  Object.entries(types)
    .map(([code, type]) => section(code, type))
    .join('\n');

export const errorsPage = (): string => `# Errors of the HTTP API

<!-- Made by \`npm run docs\` from core/problem-types.ts. -->

Every refusal is a JSON document of the type \`application/problem+json\` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)):

\`\`\`json
{
  "type": "${problemTypeUri('InvalidInput')}",
  "title": "Bad Request",
  "status": 400,
  "detail": "The request: colour: there is no such field; the fields are limit, cursor",
  "instance": "urn:uuid:6c1f3f0e-2b1c-4e0a-9a57-1a1d5c8a3a5e",
  "code": "InvalidInput",
  "problems": ["colour: there is no such field; the fields are limit, cursor"]
}
\`\`\`

| member | meaning |
| --- | --- |
| \`type\` | names a section of this page |
| \`title\` | the name of the status |
| \`detail\` | what happened to this request, and what to do; a sentence for people, which may change |
| \`instance\` | names this one request; the log has the id, too |
| \`code\` | the type as a name. Programs may rely on it |
| \`problems\` | of \`InvalidInput\`: a line for each mistake |

Fields and parameters that a route does not have are refused by name. A body has at most ${API.largestBody} bytes. What a caller may not see is
answered as what does not exist. Requests with status 429 or 503 may be sent again after the seconds in \`Retry-After\`; so may requests with
status 500 or above that read only or have an \`Idempotency-Key\`.

## Answers of Larder

${sections(PROBLEM_TYPES)}
## Answers of API Gateway

API Gateway refuses these requests before it calls Larder. Their \`code\` is API Gateway's own name.

${sections(GATEWAY_PROBLEM_TYPES)}`;
