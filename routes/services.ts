import type { Config } from '../src/config.ts';
import type { Engine } from '../src/schedule/engine.ts';
import type { WireLimits } from '../src/wire/limits.ts';
import type { WirePool } from '../src/wire/pool.ts';

/** What the routes work with; made once by `buildApp`. */
export interface Services {
  readonly engine: Engine;
  readonly config: Config;
  readonly limits: WireLimits;
  readonly wire: WirePool;
  /** Has every thread let go of the memory of requests that were answered. */
  readonly collect: () => void;
}
