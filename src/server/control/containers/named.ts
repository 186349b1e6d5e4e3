import { fail } from '../../../base/errors.ts';
import type { Container } from '../../../sandbox/store/store.ts';
import { findNamed } from '../named-object.ts';
import type { KnownObjects } from '../named-object.ts';

/** The container that `object` in a query means. Errors: those of findNamed, `failed_precondition` if unreadable. */
export function namedContainer(known: KnownObjects, query: URLSearchParams): Container {
  const found = findNamed(known, query.get('object') ?? '', ['container']);
  if (found.kind === 'container') return found.container;
  throw fail('failed_precondition', 'its record cannot be read; crictl rm can only remove it');
}
