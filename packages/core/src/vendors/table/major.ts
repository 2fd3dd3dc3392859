import type { VendorRow } from '../row.ts';
import { ANTHROPIC_ERRORS, GROQ_ERRORS, MISTRAL_ERRORS, OPENAI_ERRORS, XAI_ERRORS } from '../classify/major-errors.ts';
import { vendor } from './define.ts';

/** Reasoning models of OpenAI: their own name of the limit, `developer`, no sampling (openai-node 7, API docs, read 2026-11). */
export const OPENAI_REASONING_MODELS = {
  maxTokensField: 'max_completion_tokens',
  systemRole: 'developer',
  reasoningStyle: 'reasoning_effort',
  omitParameters: ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'stop', 'logprobs', 'logit_bias'],
} as const;

const OLDER_CLAUDE = { omitParameters: [], prefill: 'last-assistant' } as const;

export const MAJOR: readonly VendorRow[] = [
  vendor({
    id: 'anthropic',
    name: 'Anthropic',
    endpoints: { default: 'https://api.anthropic.com/v1' },
    wires: ['anthropic-messages'],
    auth: 'x-api-key',
    keyVariables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_OAUTH_TOKEN', 'ANTHROPIC_AUTH_TOKEN'],
    keyPrefixes: ['sk-ant-'],
    quirks: { toolCallIdFormat: 'word64', vision: true, prefill: 'last-assistant', reasoningStyle: 'thinking-type' },
    modelRules: [
      // Opus 4.7 and later refuse sampling, 4.6 and later prefill; an unknown name counts as newest (Messages API, 2026-11).
      { match: 'claude-*', quirks: { omitParameters: ['temperature', 'top_p', 'top_k'], prefill: 'none' } },
      { match: 'claude-[123i]*', quirks: OLDER_CLAUDE },
      { match: 'claude-*-4', quirks: OLDER_CLAUDE },
      { match: 'claude-*-4-[0-6]*', quirks: OLDER_CLAUDE },
      { match: 'claude-*-4-6*', quirks: { prefill: 'none' } },
    ],
    errors: ANTHROPIC_ERRORS,
    defaultModel: 'claude-sonnet-4-5',
    source: 'platform.claude.com API reference and @anthropic-ai/sdk 1.11, read 2026-11',
  }),
  vendor({
    id: 'openai',
    name: 'OpenAI',
    endpoints: { default: 'https://api.openai.com/v1' },
    wires: ['openai-chat', 'openai-responses'],
    keyVariables: ['OPENAI_API_KEY'],
    keyPrefixes: ['sk-'],
    quirks: {
      maxTokensField: 'auto',
      toolCallIdFormat: 'max40',
      vision: true,
      refusalField: true,
      schemaDialect: 'openai-strict',
    },
    modelRules: [
      { match: 'o[134]*', quirks: OPENAI_REASONING_MODELS },
      { match: 'gpt-[5-9]*', quirks: OPENAI_REASONING_MODELS },
      { match: '*codex*', quirks: OPENAI_REASONING_MODELS },
      { match: '*-chat-latest', quirks: { reasoningStyle: 'none', systemRole: 'system', omitParameters: [] } },
      { match: 'o1-mini*', quirks: { systemRole: 'merge', nativeTools: false } },
      { match: 'o1-preview*', quirks: { systemRole: 'merge', nativeTools: false } },
      { match: 'gpt-3.5*', quirks: { vision: false } },
    ],
    errors: OPENAI_ERRORS,
    defaultModel: 'gpt-5.1',
    source: 'platform.openai.com API reference and openai-node 7, read 2026-11',
  }),
  vendor({
    id: 'gemini',
    name: 'Google Gemini',
    aliases: { google: undefined, 'google-gemini': undefined },
    endpoints: { default: 'https://generativelanguage.googleapis.com/v1beta' },
    // Google's OpenAI-compatible surface and the Interactions API, for those who ask for them with `wire_api`.
    wireEndpoints: { 'openai-chat': { default: 'https://generativelanguage.googleapis.com/v1beta/openai' } },
    nativePaths: ['/v1beta'],
    wires: ['gemini', 'openai-chat', 'gemini-interactions'],
    auth: 'x-goog-api-key',
    wireAuth: { 'openai-chat': 'bearer' },
    keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    keyPrefixes: ['AIza'],
    quirks: { vision: true, reasoningStyle: 'reasoning_effort', parallelToolCalls: false },
    defaultModel: 'gemini-2.5-flash',
    source: 'ai.google.dev/gemini-api/docs/openai and @google/genai 2.32, read 2026-11',
  }),
  vendor({
    id: 'mistral',
    name: 'Mistral AI',
    endpoints: { default: 'https://api.mistral.ai/v1' },
    keyVariables: ['MISTRAL_API_KEY'],
    quirks: {
      toolCallIdFormat: 'alnum9',
      toolChoiceRequired: 'any',
      streamUsage: false,
      seedField: 'random_seed',
      toolMessageName: true,
      messageName: false,
      messageOrder: 'system-first',
      assistantAfterTool: true,
      prefill: 'prefix-flag',
    },
    modelRules: [
      { match: 'pixtral*', quirks: { vision: true } },
      { match: 'mistral-small*', quirks: { vision: true } },
      { match: 'mistral-medium*', quirks: { vision: true } },
      { match: 'mistral-large*', quirks: { vision: true } },
    ],
    errors: MISTRAL_ERRORS,
    defaultModel: 'mistral-large-latest',
    source: 'docs.mistral.ai API reference and @mistralai/mistralai, read 2026-11',
  }),
  vendor({
    id: 'groq',
    name: 'Groq',
    endpoints: { default: 'https://api.groq.com/openai/v1' },
    wires: ['openai-chat', 'openai-responses'],
    keyVariables: ['GROQ_API_KEY'],
    keyPrefixes: ['gsk_'],
    // Llama-family models on Groq refuse native calls often enough that text tools are the promised default.
    quirks: {
      nativeTools: false,
      reasoningReplay: 'none',
      messageName: false,
      toolMessageName: true,
      maxTokensField: 'max_completion_tokens',
    },
    modelRules: [
      { match: 'openai/gpt-oss*', quirks: { reasoningStyle: 'reasoning_effort' } },
      { match: 'meta-llama/llama-4*', quirks: { vision: true } },
    ],
    errors: GROQ_ERRORS,
    defaultModel: 'llama-3.3-70b-versatile',
    source: 'console.groq.com/docs and groq-sdk, read 2026-11',
  }),
  vendor({
    id: 'xai',
    name: 'xAI',
    aliases: { grok: undefined, 'x-ai': undefined },
    endpoints: { default: 'https://api.x.ai/v1' },
    wires: ['openai-chat', 'openai-responses', 'anthropic-messages'],
    keyVariables: ['XAI_API_KEY', 'GROK_API_KEY'],
    keyPrefixes: ['xai-'],
    quirks: { outputExcludesReasoning: true, vision: true },
    modelRules: [
      { match: 'grok-3-mini*', quirks: { reasoningStyle: 'reasoning_effort', vision: false } },
      { match: 'grok-4*', quirks: { omitParameters: ['stop', 'presence_penalty', 'frequency_penalty'] } },
    ],
    errors: XAI_ERRORS,
    defaultModel: 'grok-4.7',
    source: 'docs.x.ai API reference, read 2026-11',
  }),
];
