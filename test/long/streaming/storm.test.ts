import { describeStorm } from '../../integration/streaming/storm.ts';

describeStorm(10_000);
