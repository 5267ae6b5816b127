import type { AddressInfo } from 'node:net';
import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { encodeSafetensors } from '../../src/wire/safetensors.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import { randomValues } from '../helpers/random.ts';
