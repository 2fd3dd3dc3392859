import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { isJsonObject } from '@standin/core/spec/index';
import { parseJsonBody, readBody } from './body.ts';
import { failureOfThrown } from './caller-errors.ts';
import type { Endpoint } from './endpoints.ts';
import { sendFailure, sendJson, sendText, type Exchange } from './exchange.ts';
import type { Route } from './route-table.ts';

/** What Claude Code asks beside its calls (2.1, seen 2026-11): whether somebody is there, and to take its statistics. */
export const CLIENT_PROBES: readonly Route<Endpoint>[] = [
  {
    method: 'GET',
    pattern: '/api/hello',
    run: { access: 'open', run: (exchange) => sendText(exchange, 200, 'hello', [], 'text/plain; charset=utf-8') },
  },
  ...['/api/event_logging/batch', '/api/event_logging/v2/batch'].map((pattern): Route<Endpoint> => ({
    method: 'POST',
    pattern,
    run: { access: 'open', dialect: anthropicMessagesServer, run: discardEvents },
  })),
];

/** They are about the program and its user: read past, and nowhere kept. */
function discardEvents(exchange: Exchange): void {
  const { req, context } = exchange;
  readBody(req, context.bodyLimitBytes, (error, body) => {
    try {
      if (error !== undefined) throw error;
      const given = parseJsonBody(body);
      const events = isJsonObject(given) && Array.isArray(given.events) ? given.events.length : 0;
      sendJson(exchange, 200, { accepted_count: events, rejected_count: 0 });
    } catch (thrown) {
      sendFailure(exchange, failureOfThrown(thrown));
    }
  });
}
