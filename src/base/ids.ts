import { randomBytes } from 'node:crypto';
import { fail } from './errors.ts';

declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 64 lower-case hex digits: a pod sandbox. */
export type PodId = Brand<string, 'PodId'>;
/** 64 lower-case hex digits: a container. */
export type ContainerId = Brand<string, 'ContainerId'>;
/** `sha256:` and 64 hex digits, the digest of the image's configuration. */
export type ImageId = Brand<string, 'ImageId'>;
/** 4 hex digits in the name of everything we make in the kernel: two daemons never touch each other's. */
export type InstanceId = Brand<string, 'InstanceId'>;

const id64 = /^[0-9a-f]{64}$/;

export const newPodId = (): PodId => randomBytes(32).toString('hex') as PodId;
export const newContainerId = (): ContainerId => randomBytes(32).toString('hex') as ContainerId;
export const newInstanceId = (): InstanceId => randomBytes(2).toString('hex') as InstanceId;

export const parsePodId = (text: string): PodId => checked(id64, text, 'pod sandbox id') as PodId;
export const parseContainerId = (text: string): ContainerId => checked(id64, text, 'container id') as ContainerId;
export const parseImageId = (text: string): ImageId => checked(/^sha256:[0-9a-f]{64}$/, text, 'image id') as ImageId;
export const parseInstanceId = (text: string): InstanceId =>
  checked(/^[0-9a-f]{4}$/, text, 'instance id') as InstanceId;

function checked(pattern: RegExp, text: string, what: string): string {
  if (!pattern.test(text)) throw fail('invalid_argument', `${what} ${JSON.stringify(text.slice(0, 80))} is malformed`);
  return text;
}
