import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { messageOf } from '../../base/errors.ts';
import { parseRange6Setting, parseRanges } from '../../sandbox/network/ranges.ts';

/** The kinds of value that settings are made of. Each refusal says what is allowed. */

/** Bytes of a unix socket's path that the kernel takes: sun_path is 108 with its final zero. */
const maxSocketPath = 107;

export const absolutePath = () =>
  z.string().refine(isAbsolute, 'must be an absolute path without "." or ".." parts and without control characters');

/** Empty, or an absolute path; what empty means stands in the setting's description. */
export const optionalPath = () =>
  z.string().refine((text) => text === '' || isAbsolute(text), 'must be empty or an absolute path without ".." parts');

export const socketPath = () =>
  z
    .string()
    .refine(
      (text) => text === '' || (isAbsolute(text) && Buffer.byteLength(text) <= maxSocketPath),
      `must be an absolute path of at most ${maxSocketPath} bytes`,
    );

export const integer = (min: number, max: number) =>
  z
    .number()
    .refine(
      (value) => Number.isSafeInteger(value) && value >= min && value <= max,
      `must be a whole number from ${min} to ${max}`,
    );

/** `address:port` to listen on. */
export const listenAddress = () =>
  z
    .string()
    .refine(
      (text) => splitAddress(text) !== undefined,
      'must be an IP address and a port such as "127.0.0.1:9464" or "[::1]:9464"',
    );

/** `address:port`, `unix:///path`, or empty. */
export const serverAddress = () =>
  z
    .string()
    .refine(
      (text) => text === '' || splitServerAddress(text) !== undefined,
      `must be an IP address and a port such as "127.0.0.1:9464", "unix://" and an absolute path of at most ${maxSocketPath} bytes, or empty`,
    );

/** IPv4 networks that do not overlap; the network's own parser decides. */
export const ipv4Ranges = () =>
  z.array(z.string()).superRefine((texts, context) => {
    try {
      parseRanges(texts);
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
    }
  });

/** `auto`, `off` or an IPv6 network. */
export const ipv6Range = () =>
  z.string().superRefine((text, context) => {
    try {
      parseRange6Setting(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
    }
  });

/** `registry.local:5000`: what stands before the first slash of an image reference. */
export const registryHost = () =>
  z
    .string()
    .regex(/^([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?$/i, 'must be a registry host such as "registry.local:5000"');

/** `127.0.0.1:80` or `[::1]:80` in its two parts; undefined when it is neither. */
export function splitAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) return undefined;
  if (match[1] !== undefined) return isIPv6(match[1]) ? { host: match[1], port } : undefined;
  return isIPv4(match[2] ?? '') ? { host: match[2] ?? '', port } : undefined;
}

/** The same, or the path of `unix:///path`. */
export function splitServerAddress(text: string): ReturnType<typeof splitAddress> | { readonly socket: string } {
  if (!text.startsWith('unix://')) return splitAddress(text);
  const socket = text.slice('unix://'.length);
  return isAbsolute(socket) && Buffer.byteLength(socket) <= maxSocketPath ? { socket } : undefined;
}

function isAbsolute(text: string): boolean {
  // a control character in a path would corrupt logs and mount tables
  if (!text.startsWith('/') || /[\u0000-\u001f\u007f]/.test(text)) return false;
  return !text.split('/').some((part) => part === '.' || part === '..');
}
