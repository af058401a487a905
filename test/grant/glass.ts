import { controlPlane } from '../env/hooks.ts';
import { must } from '../env/operator.ts';

/** Nobody may touch what is ours in a slice, so whoever wants to must break the glass. */
export const breakGlass = (args: readonly string[]): Promise<string> =>
  must(controlPlane(), [...args, '--as=somebody', '--as-group=keystone:break-glass', '--as-group=system:masters']);
