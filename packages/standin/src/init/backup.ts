import { copyFileSync, constants, chmodSync, existsSync } from 'node:fs';

/** A copy beside the file that replaces no earlier one; `undefined` when there is no file. */
export function backUp(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  for (let number = 0; ; number++) {
    const copy = `${file}.bak${number === 0 ? '' : `.${number}`}`;
    try {
      copyFileSync(file, copy, constants.COPYFILE_EXCL);
      chmodSync(copy, 0o600);
      return copy;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
