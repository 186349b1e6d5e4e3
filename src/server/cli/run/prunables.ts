/** What `cricket prune` can be told. */
export const prunables = ['containers', 'pods', 'images', 'volumes'] as const;
