import type { FinishReason } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

export const WIRE = 'bedrock-converse' as const;

/** `stopReason` values (Amazon Bedrock API reference, Converse; @aws-sdk/client-bedrock-runtime 3.1162, read 2026-11). */
const FINISH_BY_STOP_REASON: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'content-filter',
  content_filtered: 'content-filter',
  malformed_model_output: 'error',
  malformed_tool_use: 'error',
  refusal: 'refusal',
  pause_turn: 'pause',
};

/** A turn with tool calls that merely says it ended still waits for their results. */
export function finishReasonOf(stopReason: string | undefined, hasToolCalls: boolean): FinishReason {
  const known = stopReason === undefined ? 'stop' : FINISH_BY_STOP_REASON[stopReason];
  if (known === undefined) return 'other';
  return known === 'stop' && hasToolCalls && stopReason !== 'stop_sequence' ? 'tool-calls' : known;
}

export function stopReasonOf(answer: {
  readonly reason: FinishReason;
  readonly rawReason?: string;
  readonly stopSequence?: string;
  readonly hasToolCalls: boolean;
}): string {
  const { reason, rawReason } = answer;
  // The service's own word survives where it means the same.
  if (rawReason !== undefined && FINISH_BY_STOP_REASON[rawReason] === reason) return rawReason;
  switch (reason) {
    case 'length':
      return 'max_tokens';
    case 'tool-calls':
      return 'tool_use';
    case 'content-filter':
    case 'refusal':
      return 'content_filtered';
    case 'stop':
      if (answer.stopSequence !== undefined) return 'stop_sequence';
      return answer.hasToolCalls ? 'tool_use' : 'end_turn';
    default:
      return 'end_turn';
  }
}

/** `inputTokens` of this wire leaves both cache counts out; ours contains them. */
export function readUsage(reported: unknown): Usage | undefined {
  if (!isJsonObject(reported)) return undefined;
  const input = count(reported['inputTokens']);
  const read = count(reported['cacheReadInputTokens']) ?? count(reported['cacheReadInputTokenCount']);
  const write = count(reported['cacheWriteInputTokens']) ?? count(reported['cacheWriteInputTokenCount']);
  const output = count(reported['outputTokens']);
  const usage: { -readonly [Key in keyof Usage]: Usage[Key] } = {};
  if (input !== undefined || read !== undefined || write !== undefined)
    usage.inputTokens = (input ?? 0) + (read ?? 0) + (write ?? 0);
  if (read !== undefined) usage.cacheReadTokens = read;
  if (write !== undefined) usage.cacheWriteTokens = write;
  if (output !== undefined) usage.outputTokens = output;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** Usage for a caller of this wire. The official client takes the three totals for granted, so unknown ones are 0. */
export function writeUsage(usage: Usage | undefined): JsonObject {
  const { inputTokens = 0, cacheReadTokens: read, cacheWriteTokens: write, outputTokens = 0 } = usage ?? {};
  const written: JsonObject = {
    inputTokens: Math.max(0, inputTokens - (read ?? 0) - (write ?? 0)),
    outputTokens,
    totalTokens: inputTokens + outputTokens,
  };
  if (read !== undefined) written['cacheReadInputTokens'] = read;
  if (write !== undefined) written['cacheWriteInputTokens'] = write;
  return written;
}

/** The sequence that stopped the answer; models put it where their own API has it. */
export function stopSequenceIn(fields: unknown): string | undefined {
  if (!isJsonObject(fields)) return undefined;
  const { delta } = fields;
  const found = fields['stop_sequence'] ?? (isJsonObject(delta) ? delta['stop_sequence'] : undefined);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

const IMAGE_FORMATS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

const DOCUMENT_FORMATS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};

export function imageFormatOf(mediaType: string): string | undefined {
  return IMAGE_FORMATS[bareType(mediaType)];
}

export function documentFormatOf(mediaType: string): string | undefined {
  return DOCUMENT_FORMATS[bareType(mediaType)];
}

export function imageTypeOf(format: string): string | undefined {
  return format === 'jpeg' ? 'image/jpeg' : typeOf(IMAGE_FORMATS, format);
}

export function documentTypeOf(format: string): string | undefined {
  return typeOf(DOCUMENT_FORMATS, format);
}

function typeOf(formats: Readonly<Record<string, string>>, format: string): string | undefined {
  return Object.entries(formats).find(([, known]) => known === format)?.[0];
}

function bareType(mediaType: string): string {
  return (mediaType.split(';')[0] ?? '').trim().toLowerCase();
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
