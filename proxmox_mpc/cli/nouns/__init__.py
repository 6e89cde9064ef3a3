"""The command tree's tables, one module a family of nouns; a new verb is a line in one of them."""
