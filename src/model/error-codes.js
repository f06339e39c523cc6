import { documentCodes } from './codes/document.ts';
import { moduleCodes } from './codes/module.ts';
import { reloaderCodes } from './codes/reloader.ts';
import { sourceCodes } from './codes/source.ts';
/** Every code that Changeover reports, with what it means and what to do. The README's table is made from it. */
export const codeTable = { ...sourceCodes, ...documentCodes, ...moduleCodes, ...reloaderCodes };
