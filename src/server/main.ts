#!/usr/bin/env node
import { runCli } from './cli/run.ts';
import { screenOf } from './cli/screen.ts';

/** The only reader of argv and the environment. Everything heavier is loaded by the command that needs it. */
const { NO_COLOR, TERM } = process.env;
const interrupted = new AbortController();
const environment = { ...process.env };
// What the service manager says is for us alone: a child that had these could speak in our name.
for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) Reflect.deleteProperty(process.env, name);
const isServe = process.argv[2] === 'serve';
if (!isServe) for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

// Whoever reads our output, such as head, may have had enough of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  colour: process.stdout.isTTY && (NO_COLOR ?? '') === '' && TERM !== 'dumb',
  environment,
  signal: interrupted.signal,
  screen: screenOf(process.stdin, process.stdout, TERM),
});
// Whoever served has closed all it had; a client that is stuck, and does not close its end, would hold it here.
if (isServe) process.exit(code);
process.exitCode = code;
