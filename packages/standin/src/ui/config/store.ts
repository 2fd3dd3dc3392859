import type { Config } from '@standin/core/config/model';
import type { ConfigAnswer } from '@standin/dashboard/api/config-types';
import type { CommandContext } from '../../cli/context.ts';
import { GatewayError } from '../gateway/client.ts';
import type { Link } from '../gateway/link.ts';
import { gatewaySource, type ConfigSource } from './source.ts';
import { valuesOf, type Values } from './tree.ts';

/** The config as it is shown: the last that could be read, and why a newer one could not. */
export interface ConfigStore {
  readonly answer: ConfigAnswer | undefined;
  readonly values: Values | undefined;
  readonly failure: string | undefined;
  readonly source: ConfigSource | undefined;
  /** Reads it again; where the gateway came or went, from the other side. */
  refresh(): void;
  close(): void;
}

/** `first`: the config as it was read a moment ago. `onlyGateway`: the gateway is another machine's, so this machine's files say nothing of it. */
export function createConfigStore(
  context: CommandContext,
  link: Link,
  { first, onlyGateway }: { readonly first: Config | undefined; readonly onlyGateway: boolean },
  redraw: () => void,
): ConfigStore {
  let answer: ConfigAnswer | undefined;
  let values: Values | undefined;
  let failure: string | undefined;
  let source: ConfigSource | undefined;
  let local: Promise<ConfigSource> | undefined;
  let watched: { readonly file: string; readonly close: () => void } | undefined;
  let turn = 0;

  const sourceNow = async (): Promise<ConfigSource> => {
    if (link.state.kind === 'live' && link.state.status.config !== null) return gatewaySource(link.client);
    if (onlyGateway)
      throw new GatewayError(0, 'unreachable', 'The gateway is not connected, and its config is not here.');
    local ??= import('./source.ts').then(({ fileSource }) => fileSource(context, first));
    try {
      return await local;
    } catch (error) {
      local = undefined;
      throw error;
    }
  };
  const watch = async (file: string | null): Promise<void> => {
    if (watched?.file === file) return;
    watched?.close();
    watched = undefined;
    if (file === null || onlyGateway) return;
    const { watchFiles } = await import('@standin/core/config/watch');
    const watching = watchFiles([file], { onChange: async () => void read() });
    watched = { file, close: () => watching.close() };
  };
  const read = async (): Promise<void> => {
    const mine = ++turn;
    try {
      const from = await sourceNow();
      const next = await from.read();
      if (mine !== turn) return;
      source = from;
      answer = next;
      values = valuesOf(next);
      failure = undefined;
      void watch(from.kind === 'file' ? next.file : null);
    } catch (error) {
      if (mine !== turn) return;
      failure = (error as Error).message;
    }
    redraw();
  };
  return {
    get answer() {
      return answer;
    },
    get values() {
      return values;
    },
    get failure() {
      return failure;
    },
    get source() {
      return source;
    },
    refresh: () => void read(),
    close: () => watched?.close(),
  };
}
