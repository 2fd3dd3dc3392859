/** Replaced by the build script with the values of the variables of the same name. */
declare const STANDIN_BUILD_DEFAULT_MODEL: string | undefined;
declare const STANDIN_BUILD_DEFAULT_PROVIDER: string | undefined;

/** `STANDIN_DEFAULT_MODEL` and `STANDIN_DEFAULT_PROVIDER` as they were while the package was built. */
export interface BuildDefaults {
  readonly model?: string;
  readonly provider?: string;
}

export const buildDefaults: BuildDefaults = {
  ...(typeof STANDIN_BUILD_DEFAULT_MODEL === 'string' && STANDIN_BUILD_DEFAULT_MODEL !== ''
    ? { model: STANDIN_BUILD_DEFAULT_MODEL }
    : {}),
  ...(typeof STANDIN_BUILD_DEFAULT_PROVIDER === 'string' && STANDIN_BUILD_DEFAULT_PROVIDER !== ''
    ? { provider: STANDIN_BUILD_DEFAULT_PROVIDER }
    : {}),
};
