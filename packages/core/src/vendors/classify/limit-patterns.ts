import type { ErrorPattern } from '../row.ts';
import { text } from './pattern.ts';

/** Used-up money or plan. Tight on purpose: "exceeded your current quota" also means a passing limit at Google. */
export const QUOTA_PATTERNS: readonly ErrorPattern[] = [
  text('quota', /credit balance is too low/i, 'Your credit balance is too low to access the Anthropic API.'),
  text(
    'quota',
    /reached your specified (?:workspace )?(?:API )?usage limits/i,
    'You have reached your specified API usage limits. You will regain access on 2026-12-01.',
  ),
  text('quota', /\binsufficient[ _](?:account )?(?:balance|credits?|quota|funds)\b/i, 'Insufficient balance'),
  text(
    'quota',
    /\b(?:out of|run out of|no remaining|not enough|used all available) (?:(?:free|extra|included|prepaid|your) )?(?:credits?|funds|quota|usage)\b/i,
    'Your team has used all available credits',
  ),
  text(
    'quota',
    /requires more credits, or fewer max_tokens/i,
    'This request requires more credits, or fewer max_tokens.',
  ),
  text(
    'quota',
    /plan (?:does not|doesn't) include|model not available for your plan|purchase package|no available package|package (?:is )?not active/i,
    'Your current plan does not include this model',
  ),
  text(
    'quota',
    /\bquota (?:is |has been )?exhausted\b|\bexhausted (?:your|the) (?:monthly|daily|plan)/i,
    'Quota exhausted for this billing period',
  ),
  text(
    'quota',
    /\b(?:spend(?:ing)?|billing|credit|monthly usage|monthly spending|daily usage) limit (?:has been |was )?(?:reached|exceeded)/i,
    'Spending limit reached for this API key',
  ),
  text(
    'quota',
    /\b(?:exceeded|reached|hit|used(?: up)?|exhausted) (?:all (?:of )?)?(?:your|the|its) (?:(?:weekly|monthly|billing|spend(?:ing)?|credit|included|free|session|set|plan|subscription|inference) ){1,3}(?:hard )?(?:limit|quota|credits|spending|usage|allowance|allocation|requests)/i,
    'You have exceeded your monthly included credits for Inference Providers.',
  ),
  text(
    'quota',
    /free-models-per-day/i,
    'Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day',
  ),
  text(
    'quota',
    /exceeded the quota for this account|account (?:is |has been )?(?:suspended|overdue)|in arrears|in good standing/i,
    'Access denied, please make sure your account is in good standing.',
  ),
  text(
    'quota',
    /not available (?:for|on|in|with) your (?:current )?(?:plan|subscription|tier)/i,
    'This model is not available on your plan',
  ),
  text(
    'quota',
    /\b(?:balance|credits?) (?:is|are) (?:insufficient|too low|exhausted|used up|negative)/i,
    'Your account balance is insufficient',
  ),
  text('quota', /余额不足|账户(?:已)?欠费/, '余额不足或无可用资源包,请充值。'),
  // So say one-api and new-api, which stand in front of many a private endpoint.
  text('quota', /额度(?:已)?(?:不足|用尽|用完)/, '该令牌额度已用尽'),
  text(
    'quota',
    /\bdaily (?:\w+ ){0,2}(?:limit|quota|allowance|allocation)\b.{0,40}\b(?:reached|exceeded|exhausted|used up)|\b(?:reached|exceeded|exhausted|used up)\b.{0,30}\bdaily (?:\w+ ){0,2}(?:limit|quota|allowance|allocation)/i,
    'you have used up your daily free allocation of 10,000 neurons',
  ),
  text(
    'quota',
    /\bfree (?:tier |plan |daily )?(?:quota|credits?|allowance|allocation|usage|requests) (?:has been |have been |is |are )?(?:used|exhausted|exceeded|reached|expired)\b/i,
    'Free quota used (30 requests / 5h). Resets at 10:00 UTC.',
  ),
  text('quota', /\bbudget (?:limit )?(?:has been |was |is )?(?:exceeded|exhausted|used up)\b/i, 'Key budget exceeded'),
  // The remedy names the cause; "upgrade" does not, since every passing limit advertises the next tier too.
  text(
    'quota',
    /^(?!.*\b(?:concurren|per (?:minute|second)|rate[ -]?limit)).*\b(?:please|to continue\b.{0,20}) (?:top[ -]?up|recharge|(?:add|buy|purchase) (?:more )?(?:credits?|funds))\b/is,
    'The selected model requires paid balance. Please top up and try again.',
    [402, 403, 429],
  ),
];

/** A limit that passes by itself. Comes before the context wordings: Bedrock throttles with "Too many tokens". */
export const THROTTLE_PATTERNS: readonly ErrorPattern[] = [
  text(
    'rate-limit',
    /please wait before trying again/i,
    'Too many tokens, please wait before trying again.',
    [200, 400, 429, 500, 503],
  ),
  // A 400 may quote the prompt, so there only the beginning counts.
  text(
    'rate-limit',
    /^\W*(?:rate[ -]?limit|too many requests|ThrottlingException)/i,
    'Rate limit exceeded',
    [200, 400, 429, 500, 503],
  ),
  text('rate-limit', /\btoo many requests\b/i, 'Error: too many requests', [200, 429, 500, 503]),
  text('rate-limit', /\brate[ -]?limit(?:s|ed|ing)?\b/i, 'You hit the rate limit', [200, 429, 500, 503]),
  text('rate-limit', /\bthrottl(?:ed|ing)\b|\bThrottlingException\b/i, 'Request was throttled', [200, 429, 500, 503]),
  text(
    'rate-limit',
    /\b(?:requests|tokens) per (?:minute|second|hour|day)\b/i,
    'Limit on tokens per minute reached',
    [200, 429, 500, 503],
  ),
];

/**
 * A 429 that speaks of the model's load and not of the caller's allowance: another key of the same vendor meets the
 * same queue. Comes before the codes, since servers send their general rate-limit type along with these words.
 */
export const CROWDED_PATTERNS: readonly ErrorPattern[] = [
  text(
    'overloaded',
    /\b(?:is|are) (?:currently |temporarily )?(?:overloaded|at capacity|too busy)\b/i,
    'The engine is currently overloaded, please try again later',
    [429],
  ),
  text(
    'overloaded',
    /\bhigh (?:traffic|demand|load)\b|\bqueue is full\b|\bno (?:available )?capacity\b/i,
    "We're experiencing high traffic right now! Please try again soon.",
    [429],
  ),
  text('overloaded', /负载(?:已)?(?:饱和|过高)|(?:系统|服务器?|模型)繁忙/, '当前分组上游负载已饱和，请稍后再试', [429]),
];

export const OVERLOADED_PATTERNS: readonly ErrorPattern[] = [
  text(
    'overloaded',
    /\b(?:is|are) (?:currently |temporarily )?(?:overloaded|at capacity)\b|\bhigh (?:demand|load)\b/i,
    'The model is overloaded. Please try again later.',
    [200, 500, 502, 503],
  ),
  text(
    'overloaded',
    /service is (?:currently|temporarily) unavailable|temporarily unavailable/i,
    'The service is currently unavailable',
    [200, 500],
  ),
  // NVIDIA's function runner says 400 about its own broken instance (public reports, read 2026-11).
  text(
    'server',
    /\bdegraded function cannot be invoked\b/i,
    "Function id '87ea0ddc': DEGRADED function cannot be invoked",
    [400],
  ),
];
