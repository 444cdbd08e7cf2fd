/*
 * Four functions that the static libelf of elfutils 0.192 lacks (sourceware bug 32293; Debian 13 has that version): a search
 * tree over tsearch(3), as lib/eu-search.h declares it. Weak: a libelf that has them comes first. The sidecar has one
 * thread, so the tree's lock, which lies behind its root, is not used.
 */
#include <search.h>
#include <stdlib.h>

typedef struct {
	void *root;
} search_tree;
typedef int compare(const void *, const void *);

__attribute__((weak)) void eu_search_tree_init(search_tree *tree)
{
	tree->root = NULL;
}

__attribute__((weak)) void eu_search_tree_fini(search_tree *tree, void (*free_node)(void *))
{
	tdestroy(tree->root, free_node);
	tree->root = NULL;
}

__attribute__((weak)) void *eu_tsearch(const void *key, search_tree *tree, compare *order)
{
	return tsearch(key, &tree->root, order);
}

__attribute__((weak)) void *eu_tdelete(const void *key, search_tree *tree, compare *order)
{
	return tdelete(key, &tree->root, order);
}
