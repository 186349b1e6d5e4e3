import { describeRestarts, everyRound } from './scenarios/restarts.ts';

describeRestarts({ who: 'a real kubelet', featureGates: {}, rounds: everyRound });
