"""Sources of runbooks that are read again and again: folders, archives, git repositories."""
