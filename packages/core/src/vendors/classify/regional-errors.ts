import type { ErrorKind } from '../../spec/errors.ts';
import type { ErrorPattern } from '../row.ts';

const codes = (kind: ErrorKind, entries: Readonly<Record<string, string>>): ErrorPattern[] =>
  Object.entries(entries).map(([code, example]) => ({ kind, code, example }));

/** api-docs.deepseek.com/quick_start/error_codes, read 2026-11. */
export const DEEPSEEK_ERRORS: readonly ErrorPattern[] = [
  { kind: 'quota', status: [402], example: 'Insufficient Balance' },
  { kind: 'content-policy', message: /content exists risk/i, example: 'Content Exists Risk' },
  {
    kind: 'auth',
    status: [401],
    message: /authentication fails/i,
    example: 'Authentication Fails, Your api key: ****abcd is invalid',
  },
  { kind: 'model-not-found', message: /model not exist/i, example: 'Model Not Exist' },
  { kind: 'server', code: 'insufficient_system_resource', example: 'insufficient_system_resource' },
];

/** platform.moonshot.ai/docs/api/errors, read 2026-11. */
export const MOONSHOT_ERRORS: readonly ErrorPattern[] = [
  ...codes('overloaded', { engine_overloaded_error: 'The engine is currently overloaded, please try again later' }),
  ...codes('quota', { exceeded_current_quota_error: 'Your account is suspended due to insufficient balance' }),
  ...codes('rate-limit', { rate_limit_reached_error: 'Your account reached max request' }),
  ...codes('model-not-found', { resource_not_found_error: 'Not found the model kimi-k9 or Permission denied' }),
  {
    kind: 'context-window',
    status: [400],
    message: /exceeded model token limit/i,
    example: 'Invalid request: Your request exceeded model token limit: 131072 (requested: 140011)',
  },
];

/** help.aliyun.com/zh/model-studio/error-code, read 2026-11. */
export const QWEN_ERRORS: readonly ErrorPattern[] = [
  ...codes('quota', {
    Arrearage: 'Access denied, please make sure your account is in good standing.',
    'AllocationQuota.FreeTierOnly': 'The free tier of the model has been exhausted.',
    CommodityNotPurchased: 'Commodity has not purchased yet.',
    PrepaidBillOverdue: 'The prepaid bill is overdue.',
    PostpaidBillOverdue: 'The postpaid bill is overdue.',
  }),
  ...codes('rate-limit', {
    'Throttling.RateQuota': 'Requests rate limit exceeded, please try again later.',
    'Throttling.AllocationQuota': 'Allocated quota exceeded, please increase your quota limit.',
    'Throttling.BurstRate': 'Request rate increased too quickly.',
    limit_requests: 'You exceeded your current requests list.',
    insufficient_quota: 'You exceeded your current quota, please check your plan and billing details.',
  }),
  ...codes('content-policy', {
    data_inspection_failed: 'Input data may contain inappropriate content.',
    DataInspectionFailed: 'Output data may contain inappropriate content.',
  }),
  ...codes('permission', {
    'Model.AccessDenied': 'Model access denied.',
    'AccessDenied.Unpurchased': 'Access to model denied. Please make sure you are eligible for using the model.',
  }),
  {
    kind: 'context-window',
    message: /range of input length should be/i,
    example: '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]',
  },
];

/** docs.z.ai/api-reference/api-code and open.bigmodel.cn, read 2026-11. */
export const ZAI_ERRORS: readonly ErrorPattern[] = [
  ...codes('auth', {
    '1000': 'Authentication Failed',
    '1001': 'Authentication parameter not received in Header, unable to authenticate',
    '1002': 'Invalid Authentication Token, please confirm the correct transmission of the Authentication Token',
    '1003': 'Authentication Token expired, please regenerate/obtain',
    '1004': 'Authentication failed with the provided Authentication Token',
  }),
  ...codes('permission', {
    '1112': 'Your account has been locked',
    '1220': 'You do not have permission to access this API',
  }),
  ...codes('quota', {
    '1113': 'Insufficient balance or no resource package. Please recharge.',
    '1304': 'Daily call limit for this API reached.',
    '1308': 'Usage limit reached for 5 hour. Your limit will reset at 2026-09-09 03:30:06',
    '1309': 'Your GLM Coding Plan package has expired',
    '1310': 'Weekly/Monthly Limit Exhausted. Your limit will reset at 2026-09-09 03:30:06',
    '1311': 'Your current subscription plan does not yet include access to this model',
  }),
  ...codes('rate-limit', { '1302': 'High concurrency usage of this API', '1303': 'High frequency usage of this API' }),
  ...codes('overloaded', {
    '1305': 'The API has triggered rate limiting due to current server load',
    '1312': 'This model is currently experiencing high traffic',
  }),
  ...codes('model-not-found', { '1211': 'Unknown Model, please check the model code.' }),
  ...codes('context-window', { '1261': 'Prompt too long' }),
  ...codes('content-policy', {
    '1301': 'System detected potentially unsafe or sensitive content in input or generation.',
  }),
  ...codes('server', { '1230': 'API call process error', '1234': 'Network error' }),
];

/** platform.minimax.io/docs/api-reference/errorcode, read 2026-11. Sent as `base_resp` inside a 200, or as text at 500. */
export const MINIMAX_ERRORS: readonly ErrorPattern[] = [
  ...codes('server', {
    '1000': 'unknown error',
    '1001': 'request timeout',
    '1013': 'internal service error',
    '1024': 'internal error',
    '1033': 'system error',
  }),
  ...codes('rate-limit', { '1002': 'rate limit, please try again later', '1041': 'conn limit' }),
  ...codes('auth', { '1004': 'login fail: Please carry the API secret key', '2049': 'invalid api key' }),
  ...codes('quota', { '1008': 'insufficient balance', '2056': 'usage limit exceeded' }),
  ...codes('content-policy', { '1026': 'input new_sensitive', '1027': 'output new_sensitive' }),
  ...codes('context-window', { '1039': 'token limit' }),
  ...codes('invalid-request', { '2013': 'invalid params' }),
  {
    kind: 'context-window',
    message: /context window exceeds limit/i,
    example: 'invalid params, context window exceeds limit (2013)',
  },
  { kind: 'quota', message: /insufficient balance \(1008\)/i, example: 'insufficient balance (1008)' },
];

/** cloud.baidu.com/doc/qianfan-api error codes, read 2026-11. */
export const BAIDU_ERRORS: readonly ErrorPattern[] = [
  ...codes('auth', { invalid_iam_token: 'IAM Certification failed', invalid_appid: 'No permission to use the appid' }),
  ...codes('rate-limit', {
    rpm_rate_limit_exceeded: 'Rate limit reached for RPM',
    tpm_rate_limit_exceeded: 'Rate limit reached for TPM',
    preemptible_rate_limit_exceeded: 'Rate limit reached for preemptible resource',
  }),
  ...codes('quota', { insufficient_quota: 'Account overdue', tpd_rate_limit_exceeded: 'Rate limit reached for TPD' }),
  ...codes('context-window', { tokens_too_long: 'Prompt tokens too long' }),
  ...codes('content-policy', { unsafe_request: 'The request contains sensitive content' }),
];

/** volcengine.com/docs/82379/1299023 error codes, read 2026-11. */
export const DOUBAO_ERRORS: readonly ErrorPattern[] = [
  ...codes('quota', {
    AccountOverdueError: 'The request failed because your account has an overdue balance.',
    QuotaExceeded: 'Your account has exhausted its free trial quota.',
    SetLimitExceeded: 'Your account has reached the set inference limit for the model.',
  }),
  ...codes('rate-limit', {
    'RateLimitExceeded.EndpointRPMExceeded':
      'The RPM limit of the associated endpoint for your account has been exceeded.',
    'RateLimitExceeded.EndpointTPMExceeded':
      'The TPM limit of the associated endpoint for your account has been exceeded.',
    AccountRateLimitExceeded: 'The request rate limit of your account has been exceeded.',
    ModelAccountRpmRateLimitExceeded: 'RPM limit exceeded',
    ModelAccountTpmRateLimitExceeded: 'TPM limit exceeded',
  }),
  ...codes('overloaded', { ServerOverloaded: 'The service is temporarily unable to handle additional requests.' }),
  ...codes('model-not-found', {
    'InvalidEndpointOrModel.NotFound': 'The model or endpoint does not exist or you do not have access to it.',
    'InvalidEndpointOrModel.ModelIDAccessDisabled': 'Model ID access is disabled',
    ModelNotOpen: 'Your account has not activated the model',
  }),
  ...codes('content-policy', {
    SensitiveContentDetected: 'The request failed because the input text may contain sensitive information.',
    InputTextSensitiveContentDetected: 'The request failed because the input text may contain sensitive information.',
    OutputTextSensitiveContentDetected: 'The request failed because the output text may contain sensitive information.',
  }),
];
