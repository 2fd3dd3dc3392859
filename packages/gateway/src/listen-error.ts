/** The gateway could not begin to listen. The command ends with exit code 2. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** Node's code (`EADDRINUSE`, `EACCES`, …), or `PUBLIC_HOST`. */
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export function listenError(cause: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const code = cause.code ?? 'UNKNOWN';
  return new ListenError(sentence(code, host, port, cause.message), code, cause);
}

function sentence(code: string, host: string, port: number, words: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use by another program; stop it or choose another with --port.`;
    case 'EACCES':
      return `Port ${port} on ${host} may not be opened by this user; choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine; choose another with --host.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host name ${host} could not be resolved; choose another with --host.`;
    default:
      return `The gateway could not listen on ${host} port ${port}: ${words}`;
  }
}

export function publicHostError(host: string): ListenError {
  const message =
    `Listening on ${host} would let other machines use your keys, and callers need no key of their own yet: ` +
    `make one ("standin keys create"), listen on 127.0.0.1, or pass allowPublic when something in front checks callers.`;
  return new ListenError(message, 'PUBLIC_HOST');
}
