/** What a build replaces in the source: the defaults of whoever builds the package. */
export function buildDefines(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return {
    STANDIN_BUILD_DEFAULT_MODEL: JSON.stringify(env['STANDIN_DEFAULT_MODEL'] ?? ''),
    STANDIN_BUILD_DEFAULT_PROVIDER: JSON.stringify(env['STANDIN_DEFAULT_PROVIDER'] ?? ''),
  };
}
