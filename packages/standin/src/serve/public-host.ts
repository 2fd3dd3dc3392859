import { isLoopback } from '@standin/gateway/host-guard';

/** Whether the address to listen on is this machine's own; absent: the default, which is. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host === undefined || isLoopback(host);
}
