import { ProviderError } from '../../spec/errors.ts';
import type { Endpoint, OutgoingCall } from '../../vendors/endpoint-types.ts';
import { loginError, said, unreachable } from '../oauth/failure.ts';
import { bodyOf, jsonCall, textField, type IdentityHttp } from '../oauth/http.ts';
import { isRecord } from '../store/profile-json.ts';

export const CODE_ASSIST_BASE = 'https://cloudcode-pa.googleapis.com/v1internal';

export interface CodeAssistOptions {
  /** `<type>.<alias>`. */
  readonly entry: string;
  /** Without a trailing slash. */
  readonly base: string;
  /** Cloud project of the account, when the user named one. */
  readonly project?: string;
  readonly http: IdentityHttp;
}

/** An endpoint whose calls go to Code Assist; the project they are counted for is asked for once. */
export function codeAssistEndpoint(endpoint: Endpoint, options: CodeAssistOptions): Endpoint {
  const { base } = options;
  let project: Promise<string | undefined> | undefined;
  const projectOf = (call: OutgoingCall): Promise<string | undefined> => {
    project ??= loadProject(options, call).catch((error: unknown) => {
      project = undefined;
      throw error;
    });
    return project;
  };
  return Object.freeze({
    ...endpoint,
    urlFor: (path: string) =>
      path.includes(':stream') ? `${base}:streamGenerateContent?alt=sse` : `${base}:generateContent`,
    async prepare(call: OutgoingCall, key, how) {
      const ready = endpoint.prepare === undefined ? call : await endpoint.prepare(call, key, how);
      const own = await projectOf(ready);
      const body = own === undefined ? ready.body : `{"project":${JSON.stringify(own)},${ready.body.slice(1)}`;
      return { ...ready, body };
    },
  } satisfies Endpoint);
}

/** `loadCodeAssist` says which project the account has; `cloudaicompanionProject` is a text or an object. */
async function loadProject(
  { entry, base, project, http }: CodeAssistOptions,
  call: OutgoingCall,
): Promise<string | undefined> {
  const metadata = {
    ideType: 'GEMINI_CLI',
    platform: 'PLATFORM_UNSPECIFIED',
    pluginType: 'GEMINI',
    ...(project === undefined ? {} : { duetProject: project }),
  };
  const asked = { metadata, ...(project === undefined ? {} : { cloudaicompanionProject: project }) };
  const authorization = call.headers['authorization'] ?? '';
  const answer = await http(jsonCall(`${base}:loadCodeAssist`, asked, { authorization }));
  if (answer.status === 401 || answer.status === 403) {
    const kind = answer.status === 401 ? 'auth' : 'permission';
    const message = `${entry}: Code Assist refused the login (${said(answer) || answer.status})`;
    throw new ProviderError({ kind, status: answer.status, provider: entry, message });
  }
  if (answer.status < 200 || answer.status >= 300)
    throw unreachable('Google Code Assist', answer).with({ provider: entry });
  const body = bodyOf(answer);
  const found = body['cloudaicompanionProject'] ?? body['currentProject'];
  const name = isRecord(found) ? textField(found, 'id', 'projectId') : textField({ found }, 'found');
  const own = name ?? project;
  // Without a plan and without a project the account was never set up for this.
  if (own === undefined && !isRecord(body['currentTier']))
    throw loginError(
      'denied',
      `${entry}: this Google account is not set up for Code Assist`,
      'run Gemini CLI once, or set oauth_project',
    );
  return own;
}
