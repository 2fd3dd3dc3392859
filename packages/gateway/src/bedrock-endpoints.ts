import { isJsonObject, type JsonObject } from '@standin/core/spec/index';
import { bedrockConverseServer } from '@standin/core/wires/bedrock-converse/index';
import { parseJsonBody, readBody } from './body.ts';
import { Call, type CallRoute } from './call.ts';
import { failureOfThrown } from './caller-errors.ts';
import { estimateTokens } from './count-tokens.ts';
import type { Endpoint } from './endpoints.ts';
import { sendFailure, sendJson, type Exchange } from './exchange.ts';
import type { Route } from './route-table.ts';

/**
 * Amazon Bedrock's runtime, for the AWS clients: Converse, whole and streamed. Signatures are not checked, since only
 * AWS knows the secret; a virtual key comes as a bearer token (`AWS_BEARER_TOKEN_BEDROCK`).
 */
export const BEDROCK_ENDPOINTS: readonly Route<Endpoint>[] = [
  route('/model/{model}/converse', converse),
  route('/model/{model}/converse-stream', converseStream),
  route('/model/{model}/count-tokens', countTokens),
];

function route(pattern: string, run: (exchange: Exchange) => void): Route<Endpoint> {
  return { method: 'POST', pattern, run: { dialect: bedrockConverseServer, run } };
}

const WHOLE: CallRoute = {
  wireServer: bedrockConverseServer,
  idPrefix: '',
  forwardHeaders: [],
  argumentsKey: 'input',
  fromAddress: (exchange) => ({ modelId: modelOf(exchange), stream: false }),
};
const STREAM: CallRoute = { ...WHOLE, fromAddress: (exchange) => ({ modelId: modelOf(exchange), stream: true }) };

function converse(exchange: Exchange): void {
  new Call(exchange, WHOLE).begin();
}

function converseStream(exchange: Exchange): void {
  new Call(exchange, STREAM).begin();
}

/** Clients percent-encode colons and slashes of ids and ARNs. */
function modelOf({ parameter }: Exchange): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    return parameter;
  }
}

/** `CountTokens` of a Converse request: an estimate by length, as the header says; no vendor is asked. */
function countTokens(exchange: Exchange): void {
  const { req, context } = exchange;
  readBody(req, context.bodyLimitBytes, (error, body) => {
    try {
      if (error !== undefined) throw error;
      const { request } = bedrockConverseServer.decodeRequest(converseIn(parseJsonBody(body)));
      sendJson(exchange, 200, { inputTokens: estimateTokens(request) }, ['x-standin-estimate', 'true']);
    } catch (thrown) {
      sendFailure(exchange, failureOfThrown(thrown));
    }
  });
}

function converseIn(body: unknown): JsonObject | undefined {
  const input = isJsonObject(body) ? body['input'] : undefined;
  return isJsonObject(input) && isJsonObject(input['converse']) ? input['converse'] : undefined;
}
