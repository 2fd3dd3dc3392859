import type { ErrorPattern } from '../row.ts';
import { text } from './pattern.ts';

/** Statuses under which an answer can be about the size of the conversation. */
export const CONTEXT_STATUSES: readonly number[] = [200, 400, 413, 422, 500];

export const CONTEXT_PATTERNS: readonly ErrorPattern[] = [
  text('context-window', /prompt is too long/i, 'prompt is too long: 213462 tokens > 200000 maximum'),
  text(
    'context-window',
    /exceeds? (?:the )?context limit/i,
    'input length and `max_tokens` exceed context limit: 197000 + 8192 > 200000',
  ),
  text(
    'context-window',
    /maximum context length/i,
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
  ),
  text('context-window', /max(?:imum)? context length/i, 'prompt too long; exceeded max context length by 120 tokens'),
  text(
    'context-window',
    /exceeds? the context window|context window (?:of this model|exceeds limit|exceeded)|exceeds? (?:the )?model'?s? context window/i,
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
  ),
  text(
    'context-window',
    /exceeds? the (?:available )?context size|context size has been exceeded/i,
    'the request exceeds the available context size. try increasing the context size or enable context shift',
  ),
  text(
    'context-window',
    /exceeds the maximum number of tokens allowed/i,
    'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
  ),
  text(
    'context-window',
    /input tokens exceed the configured limit of/i,
    'Input tokens exceed the configured limit of 272000 tokens.',
  ),
  text('context-window', /input is too long/i, 'Input is too long for requested model.'),
  text(
    'context-window',
    /maximum prompt length is/i,
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
  ),
  text(
    'context-window',
    /reduce the length of the (?:messages|prompt|input)/i,
    'Please reduce the length of the messages or completion.',
  ),
  text(
    'context-window',
    /greater than the context length/i,
    'The number of tokens to keep from the initial prompt is greater than the context length',
  ),
  text(
    'context-window',
    /\bloaded with (?:a )?context length of only\b/i,
    'Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens',
  ),
  // The server subtracts the prompt from its window and finds less than nothing left.
  text(
    'context-window',
    /max_(?:completion_|new_)?tokens must be at least 1, got -\d/i,
    'max_tokens must be at least 1, got -186.',
  ),
  text(
    'context-window',
    /prompt token count of \d+ exceeds the limit of/i,
    'prompt token count of 130000 exceeds the limit of 128000',
  ),
  text(
    'context-window',
    /exceeded model token limit/i,
    'Invalid request: Your request exceeded model token limit: 131072 (requested: 140011)',
  ),
  text(
    'context-window',
    /prompt contains \d+ tokens/i,
    'Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length',
  ),
  text('context-window', /range of input length should be/i, 'Range of input length should be [1, 129024]'),
  text(
    'context-window',
    /current length is \d+ while limit is/i,
    'Please reduce the length. Current length is 70000 while limit is 65536',
  ),
  text(
    'context-window',
    /(?:longer than|exceeds?|greater than) the (?:model'?s? )?(?:maximum (?:model|context|input|sequence) length|context length)/i,
    'The decoder prompt (length 5000) is longer than the maximum model length of 4096.',
  ),
  text(
    'context-window',
    /`inputs` (?:tokens \+ `max_new_tokens` must be|must have less than)/i,
    'Input validation error: `inputs` must have less than 4096 tokens. Given: 5000',
  ),
  text(
    'context-window',
    /context[ _]length[ _](?:is )?exceeded|context window (?:is )?(?:full|exceeded)|token limit exceeded|prompt exceeds max length/i,
    'Context length exceeded',
  ),
  text(
    'context-window',
    /\btoo many (?:input )?tokens\b/i,
    'too many tokens: total number of tokens in the prompt cannot exceed 128000',
  ),
  text(
    'context-window',
    /exceeds? (?:the )?(?:model'?s? )?context (?:window|limit|length)/i,
    'Requested tokens (5136) exceed context window of 4096',
  ),
  text(
    'context-window',
    /context (?:window|length) (?:of this model |of the model )?(?:is|was|has been) (?:only )?(?:exceeded|\d+)|context length of this model exceeded/i,
    'Prompt is 11543 tokens but the model context window is 4096 tokens.',
  ),
  text(
    'context-window',
    /\bmax(?:imum)? tokens of \d+ (?:is |was |has been )?exceeded/i,
    'max tokens of 200000 exceeded',
  ),
  // `\b` keeps `max_tokens` out: a limit on the answer is another matter.
  text(
    'context-window',
    /(?<!output )(?<!completion )\btokens\b (?:in (?:the|your) (?:prompt|request|input|messages) )?(?:exceeds?|exceeded|is (?:over|above|greater than)|are (?:over|above|more than)) (?:the )?(?:model'?s? )?(?:context|max(?:imum)?|limit)/i,
    'The number of tokens in your request exceeds the maximum of 32768',
  ),
  text(
    'context-window',
    /(?:上下文|输入|提示词?|消息)(?:的)?(?:内容|长度|文本)?(?:过长|超(?:过|出)(?:了)?(?:模型)?(?:的)?(?:最大|上限|限制))/,
    '输入长度超过模型的最大限制',
  ),
  text(
    'context-window',
    /(?:input|prompt|request) is \d+ tokens,? (?:which is |and )?(?:over|above|more than|longer than|but)/i,
    'Your input is 9000 tokens which is over the limit of 8192 tokens',
  ),
  text(
    'context-window',
    /ContextWindowExceededError/,
    'litellm.ContextWindowExceededError: litellm.BadRequestError: AnthropicException',
  ),
];

export const CONTENT_STATUSES: readonly number[] = [200, 400, 403, 422, 451, 500];

export const CONTENT_PATTERNS: readonly ErrorPattern[] = [
  text('content-policy', /blocked by content filtering policy/i, 'Output blocked by content filtering policy'),
  text(
    'content-policy',
    /violat(?:e|es|ed|ing) our usage polic/i,
    'Your request was flagged as potentially violating our usage policy.',
  ),
  text(
    'content-policy',
    /content management policy/i,
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
  ),
  text(
    'content-policy',
    /rejected (?:as a result of|by) (?:our|the) safety system/i,
    'Your request was rejected as a result of our safety system.',
  ),
  text(
    'content-policy',
    /requires moderation|flagged (?:by moderation|for)/i,
    'anthropic/claude-3 requires moderation. Your input was flagged for "violence".',
  ),
  text('content-policy', /inappropriate content/i, 'Input data may contain inappropriate content.'),
  text('content-policy', /considered high risk/i, 'The request was rejected because it was considered high risk'),
  text('content-policy', /content (?:violates|violated|exists risk)|content exists risk/i, 'Content Exists Risk'),
  text(
    'content-policy',
    /unsafe or sensitive content/i,
    'System detected potentially unsafe or sensitive content in input or generation.',
  ),
];

export const AUTH_PATTERNS: readonly ErrorPattern[] = [
  text(
    'auth',
    /\b(?:invalid|incorrect|wrong|missing|expired|malformed|bad|no) api[ _-]?key\b/i,
    'Incorrect API key provided: sk-abc***xyz.',
    [200, 400, 403, 500],
  ),
  text(
    'auth',
    /\bapi[ _-]?key (?:is )?(?:not valid|invalid|expired|missing|not found|incorrect|required)/i,
    'API key not valid. Please pass a valid API key.',
    [200, 400, 403, 500],
  ),
  text(
    'auth',
    /provided an invalid api key|invalid authentication credentials|login fail/i,
    'login fail: Please carry the API secret key in the header',
    [200, 400, 403, 500],
  ),
];

export const REGION_PATTERNS: readonly ErrorPattern[] = [
  text('permission', /user location is not supported/i, 'User location is not supported for the API use.', [400, 403]),
  text(
    'permission',
    /not (?:available|supported) in your (?:country|region|location)|country, region, or territory not supported/i,
    'Country, region, or territory not supported',
    [400, 403],
  ),
  text(
    'permission',
    /from unsupported (?:countries|regions|territories|locations)/i,
    'Access to Anthropic models is not allowed from unsupported countries, regions, or territories.',
    [400, 403],
  ),
  // AWS puts it so whatever the service; a gateway in front may send it on as its own 500.
  text(
    'permission',
    /\bis not authorized to perform\b/i,
    'Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace actions',
    [200, 400, 403, 500],
  ),
  text(
    'permission',
    /(?:organization|account|project|user) (?:has been|is|was) (?:disabled|deactivated|banned|blocked|locked)/i,
    'This organization has been disabled.',
    [400, 401, 403],
  ),
];

export const MODEL_PATTERNS: readonly ErrorPattern[] = [
  text(
    'model-not-found',
    /\bmodel\b(?:[^.\n]|\.(?=\S)){0,120}?\b(?:not found|does(?: not|n't) exist|not exist|is not (?:available|deployed|accessible)|is no longer (?:available|supported)|(?:is|was|has been) (?:decommissioned|deprecated|retired|removed|discontinued|shut down|sunset)|has reached (?:the )?end of (?:its )?life|was not found)/i,
    'The model `gpt-9` does not exist or you do not have access to it.',
    [400, 403, 404, 422, 500],
  ),
  text(
    'model-not-found',
    /\b(?:unknown|invalid|no such) model\b(?! (?:parameter|input|output|response|config))/i,
    'Invalid model: nope',
    [400, 403, 404, 422],
  ),
  // The name stands right before the verdict: "tools are not supported with this model" is another matter.
  text(
    'model-not-found',
    /\b(?:requested|specified|selected) model (?:is )?(?:not|un)[ -]?supported\b|\bmodel ['"`]?[\w./:@-]+['"`]? is (?:not|un)[ -]?supported\b/i,
    "The requested model 'a/b' is not supported by any provider you have enabled.",
    [400, 403, 404, 422],
  ),
  text(
    'model-not-found',
    /\bno (?:access to (?:the |this )?model|available (?:channels?|providers?|deployments?) for (?:the )?model)\b|模型.{0,80}(?:不存在|无可用渠道|未找到|已下线)|下对于模型.{0,80}无可用渠道/i,
    '当前分组 default 下对于模型 gpt-9 无可用渠道',
    [400, 403, 404, 422, 503],
  ),
  text(
    'model-not-found',
    /is not a valid model|no endpoints found for|invalid model name passed/i,
    'nope/nope is not a valid model ID',
    [400, 404],
  ),
  text(
    'model-not-found',
    /model identifier is invalid|on-demand throughput isn.t supported/i,
    'The provided model identifier is invalid.',
    [400],
  ),
];

export const SIZE_PATTERNS: readonly ErrorPattern[] = [
  text(
    'request-too-large',
    /\b(?:request|body|payload|entity)\b['"`]?[^.\n]{0,40}(?:\btoo large\b|must have length less than|exceeds? the (?:maximum|max) (?:allowed )?(?:size|length))/i,
    "Value at 'body' failed to satisfy constraint: Member must have length less than or equal to 25000000",
    [400],
  ),
];

/** The server is there but the path is not: a wrong base URL, on which no other model or key can help. */
export const WRONG_URL_PATTERNS: readonly ErrorPattern[] = [
  text(
    'config',
    /plain HTTP request was sent to HTTPS port|sent an HTTP request to an HTTPS server/i,
    'Client sent an HTTP request to an HTTPS server.',
    [400],
  ),
  text(
    'config',
    /^invalid url \(|unexpected endpoint or method/i,
    'Invalid URL (POST /v1/v1/chat/completions)',
    [200, 400, 404],
  ),
  text('config', /^cannot (?:post|get) \//i, 'Cannot POST /chat/completions', [404]),
  text('config', /^"?(?:404 page |resource )?not found"?\.?$/i, 'Not Found', [404]),
  text(
    'config',
    /^file not found\.?$|no route matched|unknown request url|route .{0,80}not found|could not route/i,
    'Unknown request URL: POST /openai/chat/completions.',
    [404],
  ),
];
