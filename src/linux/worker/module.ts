/** The URL of a module beside this one, with the ending this one has: .ts in a checkout, .js when installed. */
export function siblingModule(here: string, path: string): URL {
  return new URL(path + (here.endsWith('.ts') ? '.ts' : '.js'), here);
}
